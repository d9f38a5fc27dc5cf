from pathlib import Path

from keras_transfer_gen.recipes.report.vae_card import vae_card, vae_score_note, vae_score_rows, vae_verdicts
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.specs import ModelSpec

KID = {
    "value": 120.0, "std": 2.0, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip
ELBO = {
    "value": -1000.0, "n_images": 40, "reference": "others", "reconstruction_loss": 900.0, "kl_loss": 100.0,
    "importance_bound": -990.0, "samples": 16, "seed": 0,
}  # fmt: skip
METRICS = {
    "elbo_before": {**ELBO, "value": -1500.0}, "elbo_after": ELBO, "elbo_scratch": None,
    "elbo_standard_prior": {**ELBO, "value": -1100.0}, "bits_per_dim": {"value": 7.1, "n_images": 40},
    "active_units": 31, "kid_before": {**KID, "value": 300.0}, "kid_after": KID, "kid_scratch": None,
    "kid_standard_prior": {**KID, "value": 180.0}, "kid_floor": {**KID, "value": 3.0}, "kimg": 2.0, "best_kimg": 1.25,
    "put_aside": 7,
    "prior": "shrunk", "images_per_second": 150.0, "seconds": 30.0,
}  # fmt: skip
SETTINGS = FineTuneVaeSettings(data="photos", source="noto_vae_64", out="runs/cats")
SPEC = ModelSpec(image_size=64, channels=3, latent_dim=128, source="Adapted from noto_vae_64.", licence="Apache-2.0")


def text(metrics=METRICS, notes=None, method="method `decoder`, the decoder alone"):
    return vae_card(Path("runs/cats"), "finetune", SETTINGS, SPEC, metrics, notes or {}, method)


def test_rows_join_elbo_and_scores():
    assert vae_score_rows(METRICS) == [
        ("source, before adapting", "-1500.0", "300.0 ± 2.0"),
        ("after training", "-1000.0", "120.0 ± 2.0"),
        ("the same, with the prior N(0, I)", "-1100.0", "180.0 ± 2.0"),
        ("floor: the training images themselves", "", "3.0 ± 2.0"),
    ]


def test_each_view_has_a_column_and_says_what_it_saw():
    layouts = {"layout_before": {**KID, "value": 20.0, "size": 16}, "layout_after": {**KID, "size": 16}}
    first = vae_score_rows({**METRICS, **layouts})[0]
    assert first == ("source, before adapting", "-1500.0", "300.0 ± 2.0", "20.0 ± 2.0")
    card = text({**METRICS, **layouts})
    assert "|  | ELBO | KID x 1000 | layout |" in card and "worse, 20.0 to 120.0" in card
    assert "|  | ELBO | KID x 1000 |\n" in text()


def test_verdicts_say_what_helped():
    assert vae_verdicts(METRICS) == [
        "Adapting helped: the ELBO is 500.0 nats per image higher than the source's.",
        "With the fitted prior (shrunk), KID x 1000 is 60.0 lower than with N(0, I).",
    ]


def test_refitted_scale_is_reported_apart_from_the_adaptation():
    scaled = {**METRICS, "elbo_before_refitted": {**ELBO, "value": -1050.0}}
    assert vae_score_rows(scaled)[1] == ("the same, its scale of errors refitted", "-1050.0", "")
    assert vae_verdicts(scaled)[:2] == [
        "Adapting helped: the ELBO is 50.0 nats per image higher than the source's, whose scale of errors was fitted "
        "to your images.",
        "Fitting that scale alone changed the source's ELBO by +450.0; nothing is learnt by it.",
    ]
    worse = vae_verdicts({**METRICS, "elbo_before_refitted": {**ELBO, "value": -900.0}})
    assert worse[0].startswith("Adapting did not help: the ELBO is 100.0 nats per image lower than the source's, whose")
    assert vae_verdicts({**METRICS, "elbo_before_refitted": None}) == vae_verdicts(METRICS)


def test_bits_of_a_likelihood_without_levels_carry_the_caveat():
    assert "7.100 bits per dimension, 31" in vae_score_note(METRICS)
    bare = {**METRICS, "bits_per_dim": {"value": 7.1, "n_images": 40, "caveat": "they mean little"}}
    assert "7.100 bits per dimension (they mean little), 31 active units" in vae_score_note(bare)


def test_verdicts_say_what_did_not():
    worse = {
        **METRICS, "elbo_before": {**ELBO, "value": -900.0}, "elbo_scratch": {**ELBO, "value": -950.0},
        "kid_standard_prior": {**KID, "value": 100.0},
    }  # fmt: skip
    sentences = vae_verdicts(worse)
    assert sentences[0].startswith("Adapting did not help: the ELBO is 100.0 nats per image lower than the source's.")
    assert sentences[1] == "Transfer lost: the ELBO is 50.0 nats per image lower than from scratch at the same kimg."
    assert sentences[2] == "With the fitted prior (shrunk), KID x 1000 is 20.0 higher than with N(0, I)."
    won = vae_verdicts({**METRICS, "elbo_scratch": {**ELBO, "value": -4000.0}})
    assert won[1] == "Transfer won: the ELBO is 3000.0 nats per image higher than from scratch at the same kimg."


def test_card_has_origin_training_and_licence():
    card = text(notes={"sentence": "KID is 35 (close)."})
    assert card.startswith("# cats\n") and "A VAE of 64 x 64 images (RGB), trained with `ktg finetune`: method" in card
    assert "2.0 kimg, batch size 32, seed 0, 0.5 minutes at 150 images/s (without the first steps)." in card
    assert "- Weights: those at 1.25 kimg, the best on 7 images for validation." in card
    assert "- Learning rate 0.001. Prior: shrunk." in card and "Licence of what it was made from: Apache-2.0" in card
    assert "| after training | -1000.0 | 120.0 ± 2.0 |" in card and 'ktg.load_vae("runs/cats")' in card
    assert "16 latent samples, 40 images: others; 7.100 bits per dimension, 31 active units" in card
    assert "- Distance: KID is 35 (close)." in card and "[N, 128]" in card


def test_card_of_a_pretraining_has_a_collapse_and_nothing_that_was_not_measured():
    bare = {
        **METRICS, "elbo_before": None, "kid_before": None, "kid_floor": None, "best_kimg": None, "prior": "standard",
        "images_per_second": None,
    }  # fmt: skip
    card = text(bare, {"collapse": "the posterior has collapsed: 0 of 8"}, "")
    assert "the posterior has collapsed: 0 of 8" in card and "Weights:" not in card and "None" not in card
    assert "source, before adapting" not in card and "the fitted prior" not in card
