import re
from pathlib import Path

import pytest

from keras_transfer_gen.recipes.report.gan_card import gan_card, gan_verdicts
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
    return gan_card(Path("runs/cats"), "finetune", SETTINGS, spec, metrics, notes or {})


def test_card_carries_licence_and_origin_on():
    card = text()
    assert card.startswith("# cats\n") and "Apache-2.0" in card and "Adapted from noto_gan_64." in card
    assert "A generator of 64 x 64 images (RGB), trained with `ktg finetune`." in card
    assert "20.0 kimg, batch size 32, seed 0, 2.2 minutes at 150 images/s" in card
    assert "| after training | 12.3 ± 1.3 |" in card and 'ktg.load_gan("runs/cats")' in card
    assert "[N, 128]" in card


def test_card_says_what_is_not_known():
    bare = ModelSpec(image_size=28, channels=1, latent_dim=8)
    card = text(bare, metrics={**METRICS, "images_per_second": None})
    assert "Licence of what it was made from: not stated." in card and "28 x 28 images (grey)" in card
    assert "None" not in card


def test_card_reports_distance_weights_heads_and_copies():
    copies = {"near_copy_share": 0.021, "train_share": 0.05, "train_count": 100}
    notes = {"sentence": "KID is 35 (close).", "memorisation": copies, "feature_weight": 0.05}
    lines = text(notes=notes, metrics={**METRICS, "best_kimg": 12.5}).splitlines()
    assert "- Distance: KID is 35 (close)." in lines
    best = "which were best against the training images by all views together."
    assert f"- Weights: those at 12.50 kimg, {best}" in lines
    assert f"- Weights: those of the source, {best}" in text(metrics={**METRICS, "best_kimg": 0.0, "kept_source": True})
    assert any(line.startswith("- Feature heads, weight 0.05: ") for line in lines)
    assert any("(100 were compared): 2.1 % of the generated images; among the" in line for line in lines)


def test_card_says_what_the_exports_take_and_why_one_is_missing():
    labelled = ModelSpec(image_size=64, channels=3, latent_dim=16, distribution="uniform", num_classes=5)
    assert "latents `[N, 16]` from U(-1, 1) and labels `[N]`, integers below 5, the second" in text(labelled)
    missing = text(notes={"tflite": "It needs Einsum.\nMore"})
    assert "There is no TFLite file: It needs Einsum.\n" in missing and "generator.tflite" not in missing


def test_card_names_further_inputs_of_the_exports():
    style = ModelSpec(image_size=64, channels=3, latent_dim=8, arch="stylegan2")
    assert "latents `[N, 8]` from N(0, 1) and truncation `[N]`, usually 1, the second" in text(style)


def test_images_unlike_the_real_ones_are_told_beside_the_gain():
    unlike, alike = ({**METRICS, "precision": share, "recall": 0.0} for share in (0.0, 0.2))
    assert "lower than the source's, yet none of the generated images lies among yours" in gan_verdicts(unlike)[0]
    assert gan_verdicts(alike)[0].endswith("lower than the source's.")


def test_card_says_what_each_view_says_and_that_more_training_is_needed():
    views = {"layout_before": {**SCORE, "size": 16}, "layout_after": {**SCORE, "size": 16}}
    outlook = {"kimg": 16.0, "sentence": "Train for 16 kimg."}
    card = text(metrics={**METRICS, **views, "outlook": outlook, "kept_source": True})
    assert "| after training | 12.3 ± 1.3 | 12.3 ± 1.3 |" in card and "|  | KID x 1000 | layout |" in card
    assert "\nTrain for 16 kimg.\n" in card and "each view says: efficientnet_lite0" in card
    assert "Adapting helped" not in card and "Adapting did not" not in card


def test_a_view_that_got_worse_is_named_in_the_first_sentence():
    views = {"kid_second_before": {**SCORE, "value": 28.0}, "kid_second_after": {**SCORE, "value": 69.0}}
    first, *rest = gan_verdicts({**scored(50.0), **views})
    assert first.startswith("Adapting helped by KID, not by second network: KID is 49.0")
    assert "The views do not agree: look at the images." in rest


def scored(after, before=99.0, scratch=None, std=3.0):
    values = {"kid_before": before, "kid_after": after, "kid_scratch": scratch}
    scores = {name: None if value is None else {**SCORE, "value": value, "std": std} for name, value in values.items()}
    return {**METRICS, **scores}


@pytest.mark.parametrize(("metrics", "patterns"), [
    (scored(50.0), ["Adapting helped: KID is 49.0 ± 4.2 lower than the source's"]),
    (scored(96.0), [r"Adapting did not help: no difference .* is certain \(-3.0 ± 4.2\).*--kimg"]),
    (scored(120.0), [r"Adapting did not help: KID is higher than the source's \(\+21.0 ± 4.2\)"]),
    (scored(50.0, scratch=30.0), ["helped", r"Transfer lost: KID from scratch is 20.0 ± 4.2 lower.*ktg pretrain"]),
    (scored(50.0, scratch=52.0), ["helped", r"Transfer made no certain difference \(-2.0 ± 4.2\)"]),
    (scored(50.0, scratch=80.0), ["helped", "Transfer won: KID is 30.0 ± 4.2 lower than from scratch"]),
    (scored(50.0, before=None), []),
])  # fmt: skip
def test_scores_are_put_into_words(metrics, patterns):
    sentences = gan_verdicts(metrics)
    assert len(sentences) == len(patterns)
    assert all(re.search(pattern, line) for pattern, line in zip(patterns, sentences, strict=True))
    assert all(line in text(metrics=metrics) for line in sentences)
