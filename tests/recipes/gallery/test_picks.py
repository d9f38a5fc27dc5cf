import io
import json
import zipfile

import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.gallery.picks import MOST_PICKS, card_text, folder_names, read_picks, zip_picks

PICKS = [{"seed": 1, "number": 2, "label": "black"}, {"run": 1, "seed": 1, "number": 2, "truncation": 1}]


def test_a_zip_holds_images_cards_and_what_they_are(models):
    keys = read_picks({"picks": [*PICKS, PICKS[0]]}, models)
    content = zip_picks(keys, models)
    assert content == zip_picks(keys, models)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, second = "cats/seed_1_image_00002_class_1_0.5.png", "___dogs/seed_1_image_00002_1.png"
        assert sorted(archive.namelist()) == sorted(
            ["cats/README.md", "___dogs/README.md", first, second, "picks.json"]
        )
        assert archive.read(first) == models[0].png(keys[0][1])
        assert archive.read("cats/README.md") == b"# Cats\n"
        notes = json.loads(archive.read("picks.json"))
    assert notes["images"][1] == {
        "file": second, "model": "../dogs", "seed": 1, "number": 2, "label": None, "truncation": 1.0,
    }  # fmt: skip


def test_a_model_without_a_card_tells_its_licence(models):
    assert card_text(models[1]).startswith("# ../dogs") and "Licence of the weights: CC0-1.0." in card_text(models[1])


@pytest.mark.parametrize(
    "picks",
    [
        None, [], {}, [{"seed": 1}], [{"seed": 1, "number": 2, "path": "x"}], [[1, 2]], [{"seed": -1, "number": 0}],
        [{"seed": 0, "number": 0, "run": 2}], [{"seed": 0, "number": 0, "run": True}],
        [{"seed": 0, "number": 0, "truncation": "1"}], [{"seed": 0, "number": 0}] * (MOST_PICKS + 1),
    ],
)  # fmt: skip
def test_wrong_picks_are_refused(models, picks):
    with pytest.raises(UserError):
        read_picks({"picks": picks}, models)
    with pytest.raises(UserError, match="`picks` must be a list of 1 to"):
        read_picks(picks, models)


def test_folders_of_models_of_one_name_differ(models):
    models[1].name = "cats"
    assert folder_names(models) == ["cats_1", "cats_2"]
