"""Every notebook runs from its first cell to its last, in a smoke size, and writes to temporary folders only."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWS = {  # what each must have printed on the way to the True of its last cell
    "first_steps": "KID x 1000",
    "finetune_a_tf_hub_model": "parameters are trainable",
}


def text_of(cell):
    """Everything that a cell printed or returned, as text."""
    outputs = cell.get("outputs", [])
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path, monkeypatch):
    for name, value in {"KTG_SMOKE": "1", "KTG_EXAMPLES": str(ROOT / "examples"), "MPLBACKEND": "agg"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    before = {entry.name for entry in ROOT.iterdir()}
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert {entry.name for entry in ROOT.iterdir()} == before
    assert SHOWS[path.stem] in "".join(map(text_of, notebook.cells))
    assert text_of(notebook.cells[-1]).strip() == "True"


def test_first_steps_shows_the_code_of_the_readme():
    code = "\n".join(cell.source for cell in nbformat.read(ROOT / "notebooks/first_steps.ipynb", 4).cells)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    calls = [
        "ktg.load_images(",
        'ktg.load_gan("noto_gan_64")',
        "ktg.freeze(gan, ktg.freeze_d(blocks=2))",
        "gan.compile(augment=ktg.DiffAugment())",
        "gan.generate(16, seed=0)",
        "ktg.export_tflite(gan",
    ]
    for call in calls:
        assert call in code and call in readme


def test_saved_model_layer_is_shown_on_its_own_in_at_most_15_lines():
    cells = nbformat.read(ROOT / "notebooks/finetune_a_tf_hub_model.ipynb", 4).cells
    (shown,) = [cell.source for cell in cells if "layer = ktg.SavedModelLayer(source)" in cell.source]
    assert len(shown.splitlines()) <= 15 and all(call in shown for call in ("ktg.freeze(layer", ".fit(", ".save("))
    handle = [line for cell in cells for line in cell.source.splitlines() if 'source = "https://tfhub.dev/' in line]
    assert len(handle) == 1 and handle[0].startswith("# The one line to change: ")
