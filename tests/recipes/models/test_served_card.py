from keras_transfer_gen.recipes.models.resolve import SAVED_MODEL, ModelRef
from keras_transfer_gen.recipes.models.served_card import served_card
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(32, 3, 16, licence="CC0-1.0", truncation=0.8, num_classes=4)


def test_preset_and_saved_model_keep_their_own_card(tmp_path):
    text = served_card("noto_gan_64", SPEC)
    assert text.startswith("# noto_gan_64") and "Licence" in text and "KID" in text
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "README.md").write_text("# Dogs\n")
    assert served_card(ModelRef(SAVED_MODEL, tmp_path, "gan", str(tmp_path)), SPEC) == "# Dogs\n"


def test_run_gives_the_card_that_it_wrote(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("# Run\n")
    assert served_card(ModelRef("keras", tmp_path / "gan.keras", "gan", str(tmp_path)), SPEC) == "# Run\n"


def test_model_without_a_card_gets_a_short_one_with_its_licence():
    for model in (object(), ModelRef("keras", "cats.keras", "gan", "cats.keras")):
        text = served_card(model, SPEC)
        assert "- **Licence**: CC0-1.0" in text and "truncation 0.8" in text and "- **Classes**: 4" in text
    assert "**Licence**: not stated" in served_card(object(), ModelSpec(32, 3, 16))
