from keras_transfer_gen.recipes.report import vae_card
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.specs import ModelSpec

KID = {
    "value": 120.0, "std": 2.0, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip
BOUND = {
    "value": -1000.0, "n_images": 40, "reference": "others", "reconstruction_loss": 900.0, "kl_loss": 100.0,
    "importance_bound": -990.0, "samples": 16, "seed": 0,
}  # fmt: skip
METRICS = {
    "elbo_before": {**BOUND, "value": -1500.0}, "elbo_after": BOUND, "elbo_scratch": None,
    "elbo_standard_prior": {**BOUND, "value": -1100.0}, "bits_per_dim": {"value": 7.1, "n_images": 40},
    "active_units": 31, "kid_before": {**KID, "value": 300.0}, "kid_after": KID, "kid_scratch": None,
    "kid_standard_prior": {**KID, "value": 180.0}, "kid_floor": {**KID, "value": 3.0}, "kimg": 2.0, "best_kimg": 1.25,
    "put_aside": 7,
    "prior": "shrunk", "images_per_second": 150.0, "seconds": 30.0,
}  # fmt: skip
SETTINGS = FineTuneVaeSettings(data="photos", source="noto_vae_64", out="runs/cats")
SPEC = ModelSpec(image_size=64, channels=3, latent_dim=128, source="Adapted from noto_vae_64.", licence="Apache-2.0")


def text(metrics=METRICS, notes=None, words="method `decoder`, the decoder alone"):
    return vae_card.run_card(RunFolder("runs/cats"), "finetune", SETTINGS, SPEC, metrics, notes or {}, words)


def test_rows_join_bounds_and_scores():
    assert vae_card.elbo_rows(METRICS) == [
        ("source, before adapting", "-1500.0", "300.0 ± 2.0"),
        ("after training", "-1000.0", "120.0 ± 2.0"),
        ("the same, drawn from N(0, I)", "-1100.0", "180.0 ± 2.0"),
        ("floor: the training images themselves", "", "3.0 ± 2.0"),
    ]


def test_verdicts_say_what_helped():
    assert vae_card.verdicts(METRICS) == [
        "Adapting raised the bound by 500.0 nats per image.",
        "The fitted prior (shrunk) brought what it draws 60.0 KID nearer, against N(0, I).",
    ]


def test_refitted_scale_is_told_apart_from_the_adaptation():
    scaled = {**METRICS, "elbo_before_refitted": {**BOUND, "value": -1050.0}}
    assert vae_card.elbo_rows(scaled)[1] == ("the same, its scale of errors refitted", "-1050.0", "")
    assert vae_card.verdicts(scaled)[:2] == [
        "Adapting raised the bound by 50.0 nats per image over the source with its scale of errors refitted to your "
        "pictures.",
        "Refitting that scale alone changed the source's bound by +450.0; it is no adaptation.",
    ]
    worse = vae_card.verdicts({**METRICS, "elbo_before_refitted": {**BOUND, "value": -900.0}})
    assert worse[0].startswith("Nothing got better: the bound fell by 100.0 nats per image over the source with its")
    assert vae_card.verdicts({**METRICS, "elbo_before_refitted": None}) == vae_card.verdicts(METRICS)


def test_bits_of_a_likelihood_without_levels_carry_the_caveat():
    assert "7.100 bits per dimension, 31" in vae_card.elbo_note(METRICS)
    bare = {**METRICS, "bits_per_dim": {"value": 7.1, "n_images": 40, "caveat": "they mean little"}}
    assert "7.100 bits per dimension (they mean little), 31 active units" in vae_card.elbo_note(bare)


def test_verdicts_say_what_did_not():
    worse = {
        **METRICS, "elbo_before": {**BOUND, "value": -900.0}, "elbo_scratch": {**BOUND, "value": -950.0},
        "kid_standard_prior": {**KID, "value": 100.0},
    }  # fmt: skip
    found = vae_card.verdicts(worse)
    assert found[0].startswith("Nothing got better: the bound fell by 100.0 nats per image.")
    assert found[1] == "Transfer lost: 50.0 nats worse than from scratch at the same kimg."
    assert found[2] == "The fitted prior (shrunk) took what it draws 20.0 KID away, against N(0, I)."
    won = vae_card.verdicts({**METRICS, "elbo_scratch": {**BOUND, "value": -4000.0}})
    assert won[1] == "Transfer won: 3000.0 nats better than from scratch at the same kimg."


def test_card_tells_origin_training_and_licence():
    found = text(notes={"sentence": "your images are 35 from this source: near"})
    assert found.startswith("# cats\n") and "method `decoder`, the decoder alone." in found
    assert (
        "2.0 kimg, batch 32, learning rate 0.001, seed 0, 0.5 minutes at 150 images/s (the first steps left aside)."
        in found
    )
    assert (
        "Kept: the weights at 1.25 kimg, the best on 7 images put aside." in found
        and "Licence of what it was made from: Apache-2.0" in found
    )
    assert "| after training | -1000.0 | 120.0 ± 2.0 |" in found and 'ktg.load_vae("runs/cats")' in found
    assert "16 latent samples, 40 images: others; 7.100 bits per dimension, 31 active units" in found
    assert "- Distance: your images are 35 from this source: near." in found and "[N, 128]" in found


def test_card_of_a_pretraining_says_a_collapse_and_nothing_that_is_not():
    bare = {
        **METRICS, "elbo_before": None, "kid_before": None, "kid_floor": None, "best_kimg": None, "prior": "standard",
        "images_per_second": None,
    }  # fmt: skip
    found = text(bare, {"collapse": "the posterior has collapsed: 0 of 8"}, "")
    assert "the posterior has collapsed: 0 of 8" in found and "Kept:" not in found and "None" not in found
    assert "source, before adapting" not in found and "The fitted prior" not in found
