from keras_transfer_gen.recipes.report.card import (
    Section,
    build_card,
    copies_sentence,
    format_score,
    kid_note,
    origin_section,
    scores_section,
    use_section,
)
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.specs import ModelSpec

SCORE = {
    "value": 12.34, "std": 1.26, "feature_network": "efficientnet_lite0", "input_size": 224, "n_real": 200,
    "n_fake": 500, "reference": "others",
}  # fmt: skip
SETTINGS = FineTuneSettings(data="photos", source="noto_gan_64", out="runs/cats")
METRICS = {"kimg": 20.0, "seconds": 133.0, "images_per_second": None}


def test_card_is_its_parts_in_order():
    card = build_card("cats", "A generator.", {"before and after": "a.png"}, [Section("Scores", ["x", "y"])])
    assert card == "# cats\n\nA generator.\n\n![before and after](a.png)\n\n## Scores\n\nx\ny\n"


def test_origin_carries_source_and_licence_on_and_says_what_is_not_known():
    spec = ModelSpec(image_size=64, channels=3, latent_dim=8, source="Adapted from x.", licence="CC0-1.0")
    lines = origin_section(SETTINGS, spec, METRICS, {}, "those at 3 kimg.", ["- More."]).lines
    assert lines == [
        "- Images: `photos`. Adapted from x.",
        "- Training: 20.0 kimg, batch size 32, seed 0, 2.2 minutes.",
        "- Weights: those at 3 kimg.",
        "- More.",
        "- Licence of what it was made from: CC0-1.0",
        "- The licence of your own images applies as well.",
    ]
    bare = origin_section(SETTINGS, ModelSpec(image_size=64, channels=3, latent_dim=8), METRICS, {}, "").lines
    assert bare[0] == "- Images: `photos`." and "not stated" in bare[2]


def test_scores_are_a_table_and_sentences():
    lines = scores_section(["", "KID"], [("before", "1.0")], "How.", ["", "It helped.", None]).lines
    assert lines == ["|  | KID |", "|---|---|", "| before | 1.0 |", "", "How.", "", "It helped."]


def test_program_of_the_card_is_python():
    lines = use_section(["gan = 1"], ["It takes latents."]).lines
    program = "\n".join(lines[1 : lines.index("```")])
    compile(program, "card", "exec")
    assert lines[-2:] == ["", "It takes latents."] and "import keras_transfer_gen as ktg" in program


def test_scores_and_notes_are_text():
    assert format_score(SCORE) == "12.3 ± 1.3" and format_score(None) == ""
    assert kid_note(SCORE) == (
        "KID x 1000 (lower is better) of 500 generated images against 200 of others; features: efficientnet_lite0 at "
        "224 px; ± one bootstrap deviation."
    )
    copies = {"near_copy_share": 0.021, "train_share": 0.05, "train_count": 100}
    assert "(100 were compared): 2.1 % of the generated images; among the training images themselves 5.0 %" in (
        copies_sentence(copies)
    )
    assert copies_sentence(None) == ""
