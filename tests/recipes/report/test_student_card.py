from pathlib import Path

from keras_transfer_gen.recipes.report.student_card import student_card, student_rows
from keras_transfer_gen.recipes.settings.distill import DistillSettings
from keras_transfer_gen.specs import ModelSpec

SCORE = {
    "value": 12.34, "std": 1.26, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 1000,
    "n_fake": 500, "reference": "images of the teacher",
}  # fmt: skip
METRICS = {
    "kid_after": SCORE, "kid_floor": {**SCORE, "value": 0.1}, "psnr_before": 11.12, "psnr": 24.56, "megabytes": 0.99,
    "teacher_megabytes": 3.89, "kimg": 20.0, "images_per_second": 60.0, "seconds": 400.0,
}  # fmt: skip
SPEC = ModelSpec(image_size=64, channels=3, latent_dim=128, source="Distilled from runs/a.", licence="Apache-2.0")


def test_rows_compare_student_and_teacher():
    assert student_rows(METRICS) == [
        ("size of the weights, MB", "0.99", "3.89"),
        ("PSNR to the teacher, dB", "24.6", "-"),
        ("KID x 1000 to other images of the teacher", "12.3 ± 1.3", "0.1 ± 1.3"),
    ]


def test_card_tells_size_origin_licence_and_scores():
    settings = DistillSettings(source="runs/a", size_mb=1, out="runs/small")
    card = student_card(Path("runs/small"), settings, SPEC, METRICS, {})
    assert card.startswith("# small\n") and "imitates `runs/a`, trained with `ktg distill`" in card
    assert "| PSNR to the teacher, dB | 24.6 | - |" in card and "before training it was 11.1 dB" in card
    assert "Apache-2.0" in card and "Distilled from runs/a." in card and 'ktg.load_gan("runs/small")' in card
