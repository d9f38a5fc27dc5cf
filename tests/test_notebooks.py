"""The notebooks are what make_notebooks.py writes today, with their outputs; they run from first to last cell."""

import base64
import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import keras_transfer_gen as ktg
from tests.scripts import import_script

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
SOURCES = sorted((FOLDER / "sources").glob("*.py"))
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
RUNS_ALWAYS = "05_export"  # trains nothing; the others are marked slow
SHOWS = {  # what each must print
    "01_adapt_a_gan": ["KID x 1000", "the same images after loading: True"],
    "02_savedmodel_generator": ["frozen weights as they were: True", "the same images after loading: True"],
    "03_vae_transfer_and_editing": ["ELBO", "outlines kept"],
    "04_how_good_is_it": ["KID x 1000 of the source", "near-copies among copies: 1.00"],
    "05_export": ["differs from the model by at most", "single.html"],
    "06_more_gpus_and_machines": ["equal on all devices: True", "the same images on one device: True"],
    "07_labels_content_and_style": ["['people', 'photographs']", "['twemoji']"],
}


@pytest.fixture(scope="module")
def script():
    return import_script(FOLDER, "make_notebooks")


def text_of(notebook):
    """Everything that the cells printed or returned, as text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


def shows_all(notebook, stem):
    text = text_of(notebook)
    return [words for words in SHOWS[stem] if words not in text] == []


def test_there_is_a_notebook_for_each_source():
    assert [path.stem for path in SOURCES] == [path.stem for path in NOTEBOOKS] == sorted(SHOWS)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_is_fresh_and_keeps_its_outputs(source, script):
    path = FOLDER / f"{source.stem}.ipynb"
    remedy = "run `python notebooks/make_notebooks.py`"
    assert script.is_fresh(source, path), f"{path.name} was made from other code or by another version: {remedy}"
    notebook, wanted = nbformat.read(path, as_version=4), script.build_notebook(source)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in wanted.cells], remedy
    assert path.stat().st_size < script.MOST_BYTES
    assert shows_all(notebook, source.stem)
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert "image/png" in kinds or source.stem.startswith("06")
    assert not any(output.output_type == "error" for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_uses_public_names_and_has_switch_badge_and_install_cell(source, script):
    code = source.read_text(encoding="utf-8")
    assert not re.search(r"keras_transfer_gen\.\w|from keras_transfer_gen", code)
    assert set(re.findall(r"\bktg\.(\w+)", code)) <= set(ktg.__all__)
    cells = script.build_notebook(source).cells
    assert f"colab.research.google.com/github/{script.REPOSITORY}/blob/main/notebooks/{source.stem}" in cells[0].source
    assert "pip install" in cells[1].source and script.SWITCH in cells[2].source
    assert "FULL = True" in script.build_notebook(source, full=True).cells[2].source


def run(path, folder, monkeypatch):
    """The notebook, executed beside the examples; temporary files go to `folder`."""
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    notebook = nbformat.read(path, as_version=4)
    before = {entry.name for entry in [*ROOT.iterdir(), *FOLDER.iterdir()]}
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute(cwd=str(FOLDER), env=dict(os.environ))
    assert {entry.name for entry in [*ROOT.iterdir(), *FOLDER.iterdir()]} == before
    return notebook


def test_one_notebook_runs_from_first_to_last_cell(tmp_path, monkeypatch):
    assert shows_all(run(FOLDER / f"{RUNS_ALWAYS}.ipynb", tmp_path, monkeypatch), RUNS_ALWAYS)


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem != RUNS_ALWAYS], ids=lambda path: path.stem)
def test_notebook_runs_from_first_to_last_cell(path, tmp_path, monkeypatch):
    assert shows_all(run(path, tmp_path, monkeypatch), path.stem)


# The script.


def test_cells_are_parsed(script):
    text = "# %% [markdown]\n# # Title\n#\n# text\n\n# %%\na = 1\n\n# %%\nb = 2\n"
    assert script.parse_source(text) == [("markdown", "# Title\n\ntext"), ("code", "a = 1"), ("code", "b = 2")]


def test_other_code_or_version_is_noticed_and_other_text_is_not(script, tmp_path, monkeypatch):
    source, path = tmp_path / "01_a.py", tmp_path / "01_a.ipynb"
    source.write_text("# %% [markdown]\n# # Title\n\n# %%\nFULL = False\n")
    script.write_notebook(script.build_notebook(source), path)
    assert script.is_fresh(source, path)
    source.write_text("# %% [markdown]\n# # Other title\n\n# %%\nFULL = False\n")
    assert script.is_fresh(source, path)
    script.renew_texts(source, path)
    assert "Other title" in path.read_text()
    with monkeypatch.context() as patch:
        patch.setattr(script, "__version__", "9.9.9")
        assert not script.is_fresh(source, path)
    source.write_text("# %% [markdown]\n# # Other title\n\n# %%\nFULL = False  # now\n")
    assert not script.is_fresh(source, path) and not script.is_fresh(source, tmp_path / "absent.ipynb")
    source.write_text("# %%\na = 1\n")
    with pytest.raises(SystemExit, match="needs one line that begins with 'FULL = False'"):
        script.build_notebook(source)


def test_outputs_are_tidied(script, tmp_path):
    page = (ROOT / "saved_models/fashion_vae_28/grid.png").read_bytes()
    image = {"image/png": base64.b64encode(page).decode(), "image/jpeg": "x", "text/plain": "<Image>"}
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": "cuda"},
        {"output_type": "stream", "name": "stdout", "text": "INFO:tensorflow:Assets\nkept\n"},
        {"output_type": "stream", "name": "stdout", "text": "INFO:tensorflow:Assets\n"},
        {"output_type": "display_data", "data": image, "metadata": {}},
    ]
    cell = nbformat.v4.new_code_cell("a", outputs=[nbformat.from_dict(output) for output in outputs])
    tidy = script.tidy_outputs(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [output.get("text", "") for output in tidy] == ["kept\n", ""]
    assert set(tidy[1].data) == {"image/png", "text/plain"} and len(tidy[1].data["image/png"]) <= len(
        image["image/png"]
    )
    with pytest.raises(SystemExit, match="more than 400000. Show fewer images."):
        script.write_notebook(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x" * 400_000)]), tmp_path / "a"
        )


def test_saved_model_layer_is_shown_in_one_short_cell():
    cells = json.loads((FOLDER / "02_savedmodel_generator.ipynb").read_text(encoding="utf-8"))["cells"]
    (shown,) = [cell for cell in cells if "layer = ktg.SavedModelLayer(source)" in "".join(cell["source"])]
    assert len(shown["source"]) <= 18 and all(
        call in "".join(shown["source"]) for call in ("ktg.freeze(layer", ".fit(")
    )
