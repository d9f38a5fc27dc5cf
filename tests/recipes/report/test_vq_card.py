from pathlib import Path

from keras_transfer_gen.recipes.report.vq_card import vq_card, vq_score_note, vq_score_rows, vq_verdicts
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.specs import ModelSpec

KID = {
    "value": 120.0, "std": 2.0, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip
METRICS = {
    "nats_before": 394.0, "nats_after": 292.0, "nats_scratch": 350.0, "bits_per_token": 6.58,
    "nats_images": {"count": 12, "reference": "12 images of photos, held out"},
    "reconstruction_after": {"psnr": 22.0, "ssim": 0.81}, "kid_before": {**KID, "value": 300.0}, "kid_after": KID,
    "kid_scratch": {**KID, "value": 400.0}, "kid_floor": {**KID, "value": 3.0}, "kimg": 12.0, "best_kimg": 8.0,
    "token_runs": {"made": 9.0, "put_aside": 8.5, "positions": 64, "compared": 88},
    "put_aside": 9, "images_per_second": 50.0, "seconds": 240.0,
}  # fmt: skip
SETTINGS = FineTuneVqSettings(data="photos", source="runs/tokens", out="runs/cats")
SPEC = ModelSpec(image_size=64, channels=3, latent_dim=64, source="Adapted.", licence="Apache-2.0", family="vq")


def test_rows_join_nats_and_scores():
    assert vq_score_rows(METRICS) == [
        ("source, before adapting", "394.0", "300.0 ± 2.0"),
        ("after training", "292.0", "120.0 ± 2.0"),
        ("from scratch, same kimg", "350.0", "400.0 ± 2.0"),
        ("floor: the training images themselves", "", "3.0 ± 2.0"),
    ]


def test_the_card_says_how_it_was_measured_and_what_it_means():
    notes = {"class_start": {"sentence": "The prior starts with people."}}
    text = vq_card(Path("runs/cats"), "finetune", SETTINGS, SPEC, METRICS, notes, "method `full`, both")
    assert "those at 8.00 kimg, the best on 9 images" in text and "The prior starts with people." in text
    assert 'ktg.load_vq("runs/cats")' in text and "latents `[N, 64]`, uniform in [-1, 1]" in text
    assert "6.58 bits per token" in vq_score_note(METRICS) and "SSIM 0.81" in text
    helped, won, runs = vq_verdicts(METRICS)
    assert (
        helped.startswith("Adapting helped the prior: 292.0") and won.startswith("Transfer won") and "9.0 of 64" in runs
    )


def test_a_loss_is_said_as_a_loss():
    metrics = {**METRICS, "nats_after": 400.0, "nats_scratch": 399.0}
    assert [line.split(":")[0] for line in vq_verdicts(metrics)[:2]] == [
        "Adapting did not help the prior",
        "Transfer lost",
    ]
    alone = {**METRICS, "nats_before": None, "nats_scratch": None, "kid_before": None, "kid_scratch": None}
    assert len(vq_verdicts(alone)) == 1 and len(vq_score_rows(alone)) == 2


def test_a_change_that_may_be_chance_is_said_as_such():
    change = {"value": -102.0, "std": 90.0, "p": 0.3}
    (first, *_) = vq_verdicts({**METRICS, "nats_change": change})
    assert first.startswith("Adapting made no certain difference to the prior: 292.0") and "-102.0 ± 90.0" in first
    (first, *_) = vq_verdicts({**METRICS, "nats_change": {**change, "p": 0.01}})
    assert first.startswith("Adapting helped the prior")
    (first, *_) = vq_verdicts({**METRICS, "nats_after": 394.0001})
    assert first.startswith("The prior is the source's: 394.0")


def test_reconstructions_stand_beside_the_sources():
    worse = {**METRICS, "reconstruction_before": {"psnr": 25.0, "ssim": 0.9}}
    assert "(the source's: 25.0 dB, 0.90)" in vq_score_note(worse)
    assert any("worse than the source's: PSNR 22.0 dB, the source's 25.0" in line for line in vq_verdicts(worse))
    near = {**METRICS, "reconstruction_before": {"psnr": 22.9, "ssim": 0.9}}
    assert not any("worse than" in line for line in vq_verdicts(near))
