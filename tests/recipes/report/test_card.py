import re

import pytest

from keras_transfer_gen.recipes.report import card
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.specs import ModelSpec

SCORE = {
    "value": 12.34, "std": 1.26, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip
METRICS = {
    "kid_before": {**SCORE, "value": 99.0}, "kid_after": SCORE, "kid_scratch": None, "kid_floor": None, "kimg": 20.0,
    "images_per_second": 150.4, "seconds": 133.0,
}  # fmt: skip
SETTINGS = FineTuneSettings(data="photos", source="noto_gan_64", out="runs/cats")
SPEC = ModelSpec(image_size=64, channels=3, latent_dim=128, source="Adapted from noto_gan_64.", licence="Apache-2.0")


def text(spec=SPEC, notes=None, metrics=METRICS):
    return card.run_card(RunFolder("runs/cats"), "finetune", SETTINGS, spec, metrics, notes or {})


def test_rows_are_those_scores_that_apply():
    assert card.score_rows(METRICS) == [("source, before adapting", "99.0 ± 1.3"), ("after training", "12.3 ± 1.3")]


def test_note_says_how_it_was_measured():
    assert card.score_note(METRICS) == (
        "KID x 1000 (lower is better) of 500 images against 200 of others; features: efficientnet_lite0 at 224 px; "
        "± one bootstrap deviation."
    )


def test_card_carries_licence_and_origin_on():
    found = text()
    assert found.startswith("# cats\n") and "Apache-2.0" in found and "Adapted from noto_gan_64." in found
    assert "20.0 kimg, batch 32, seed 0, 2.2 minutes at 150 images/s" in found
    assert "| after training | 12.3 ± 1.3 |" in found and 'ktg.load_gan("runs/cats")' in found
    assert "[N, 128]" in found


def test_card_says_what_is_not_known():
    bare = ModelSpec(image_size=28, channels=1, latent_dim=8)
    found = text(bare, metrics={**METRICS, "images_per_second": None})
    assert "Licence of what it was made from: not stated." in found and "28 x 28 images (grey)" in found
    assert "None" not in found


def test_card_reports_distance_and_copies():
    copied = {"near_copy_share": 0.021, "train_share": 0.05, "train_count": 100}
    found = text(notes={"sentence": "your images are 35 from this source: near", "memorisation": copied})
    assert "- Distance: your images are 35 from this source: near." in found
    assert "Near-copies of training images (100 were compared): 2.1 % of the made ones" in found
    assert "themselves 5.0 %" in found


def scored(after, before=99.0, scratch=None, std=3.0):
    values = {"kid_before": before, "kid_after": after, "kid_scratch": scratch}
    told = {name: None if value is None else {**SCORE, "value": value, "std": std} for name, value in values.items()}
    return {**METRICS, **told}


@pytest.mark.parametrize(("metrics", "sentences"), [
    (scored(50.0), ["Training brought the images 49.0 ± 4.2 nearer."]),
    (scored(96.0), [r"Nothing got better: training changed nothing that .* chance \(-3.0 ± 4.2\).*--kimg"]),
    (scored(120.0), [r"Nothing got better: training made it worse \(\+21.0 ± 4.2\)"]),
    (scored(50.0, scratch=30.0), ["nearer", r"Transfer lost: from scratch is 20.0 ± 4.2 better.*ktg pretrain"]),
    (scored(50.0, scratch=52.0), ["nearer", r"Transfer made no difference.*chance \(\+2.0 ± 4.2\)"]),
    (scored(50.0, scratch=80.0), ["nearer", "Transfer won: 30.0 ± 4.2 better than from scratch"]),
    (scored(50.0, before=None), []),
])  # fmt: skip
def test_scores_are_put_into_words(metrics, sentences):
    found = card.verdicts(metrics)
    assert len(found) == len(sentences)
    assert all(re.search(pattern, line) for pattern, line in zip(sentences, found, strict=True))
    assert all(line in text(metrics=metrics) for line in found)
