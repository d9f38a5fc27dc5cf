import runpy
from pathlib import Path

import pytest

import keras_transfer_gen as ktg

pytest.importorskip("mkdocs", reason="the documentation needs the extra `docs`")
HOOK = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs/hooks/reference_pages.py"))


def test_names_are_those_of_the_package():
    assert HOOK["public_names"]() == {name: tuple(path.split(":")) for name, path in ktg._LAZY.items()}


def test_each_name_stands_on_one_page():
    text = "\n".join(HOOK["reference_pages"]().values())
    counts = {name: text.count(f'heading: "{name}"') for name in ktg._LAZY}
    assert set(counts.values()) == {1}


@pytest.mark.parametrize(
    ("module", "page"),
    [
        ("recipes.training.fine_tune", "training"),
        ("training.gan", "models"),
        ("training.ada", "fit"),
        ("transfer.regularizers.l2sp", "fit"),
        ("transfer.saved_model.layer", "weights"),
        ("checks", "other"),
    ],
)
def test_the_first_fitting_group_counts(module, page):
    assert HOOK["group_of"](f"keras_transfer_gen.{module}") == page


def test_index_links_each_name_to_its_docstring():
    assert "[`load_gan`](models.md#keras_transfer_gen.recipes.models.load.load_gan)" in HOOK["index_page"]()
