"""Writes the notebooks from notebooks/sources/*.py, with their outputs and images.

    python notebooks/make_notebooks.py            # those whose source or version has changed
    python notebooks/make_notebooks.py 01 05      # these
    python notebooks/make_notebooks.py --full 01 --out full/    # the full size, elsewhere

A source is Python with `# %%` before each cell of code and `# %% [markdown]` before each cell of text. What a notebook
was made from stands in its metadata; the tests compare it.
"""

import argparse
import base64
import hashlib
import io
import os
import resource
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

from keras_transfer_gen.version import __version__

FOLDER = Path(__file__).parent
REPOSITORY = "keras-transfer-gen/keras_transfer_gen"  # on GitHub: where Colab fetches the notebooks
KEY = "keras_transfer_gen"  # of the metadata
SWITCH = "FULL = False"
MOST_BYTES = 400_000  # of a notebook
MOST_SECONDS = 900  # of one cell
COLOURS = 256  # of an image that is kept
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
INSTALL = """\
# In Colab: fetches the package and its example images, and installs it. In a clone there is nothing to do.
import os

if not os.path.isdir("../examples"):
    !git clone --quiet --depth 1 https://github.com/{repository}.git
    %pip install --quiet ./{name}
    %cd {name}/notebooks"""


def parse_source(text):
    """The cells of a source.

    Args:
        text: str, the source.

    Returns:
        list of (kind, str); kind is "code" or "markdown".
    """
    cells = []
    for part in text.split("# %%")[1:]:
        mark, _, body = part.partition("\n")
        if mark.strip() == "[markdown]":
            lines = (line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines())
            cells.append(("markdown", "\n".join(lines)))
        else:
            cells.append(("code", body.strip()))
    return cells


def source_digest(text):
    """SHA-256 of the code of a source, hexadecimal; its texts may change without a new run."""
    code = "\n# %%\n".join(body for kind, body in parse_source(text) if kind == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def build_notebook(path, full=False):
    """A notebook without outputs.

    Args:
        path: `Path` of its source.
        full: whether to set the switch `FULL`.

    Returns:
        `nbformat.NotebookNode`.

    Raises:
        SystemExit: where the source has no line `FULL = False`.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(SWITCH) != 1:
        raise SystemExit(f"{path} needs one line that begins with {SWITCH!r}.")
    cells = parse_source(text.replace(SWITCH, "FULL = True") if full else text)
    title, _, rest = cells[0][1].partition("\n")
    colab = f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/notebooks/{path.stem}.ipynb"
    cells[0] = ("markdown", f"{title}\n\n[![Open in Colab]({BADGE})]({colab})\n{rest}")
    cells.insert(1, ("code", INSTALL.format(repository=REPOSITORY, name=REPOSITORY.rpartition("/")[2])))
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        KEY: {"version": __version__, "source": source_digest(text)},
    }
    for number, (kind, body) in enumerate(cells):
        cell = (nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell)(body)
        cell.id = f"cell-{number}"
        notebook.cells.append(cell)
    return notebook


def is_fresh(source, notebook):
    """Whether a notebook file was made from this source by this version of the package."""
    if not notebook.is_file():
        return False
    made_from = nbformat.read(notebook, as_version=4).metadata.get(KEY, {})
    return (made_from.get("version"), made_from.get("source")) == (
        __version__,
        source_digest(source.read_text(encoding="utf-8")),
    )


def renew_texts(source, path):
    """Puts today's texts into a fresh notebook; the outputs of its code stay."""
    notebook = build_notebook(source)
    codes = (cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            old = next(codes)
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
    write_notebook(notebook, path)


def write_notebook(notebook, path):
    """Writes a notebook with its outputs.

    Raises:
        SystemExit: where it is larger than `MOST_BYTES`.
    """
    text = nbformat.writes(notebook) + "\n"
    if len(text) > MOST_BYTES:
        raise SystemExit(f"{path.name} takes {len(text)} bytes, more than {MOST_BYTES}. Show fewer images.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def shrink_image(text):
    """A PNG in base64, with at most `COLOURS` colours."""
    with Image.open(io.BytesIO(base64.b64decode(text))) as image:
        stream = io.BytesIO()
        image.convert("RGB").quantize(COLOURS).save(stream, "PNG", optimize=True)
    return min(base64.b64encode(stream.getvalue()).decode(), text, key=len)


def tidy_outputs(notebook):
    """Keeps of each image its small PNG; drops what TensorFlow says of the machine and the times of the cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_tidy_output, cell.outputs) if output]
    return notebook


def _tidy_output(output):
    """An output without what is not kept; None where nothing is left."""
    if output.get("name") == "stderr":
        return None
    if "text" in output:
        lines = output["text"].splitlines(keepends=True)
        output["text"] = "".join(line for line in lines if not line.startswith("INFO:tensorflow"))
        return output if output["text"] else None
    data = output.get("data", {})
    if "image/png" in data:
        output["data"] = {"image/png": shrink_image(data["image/png"]), "text/plain": data["text/plain"]}
    return output


def run_notebook(notebook):
    """Runs the cells in this folder; the outputs are added. Returns (seconds that it took, those of processors)."""
    started = time.perf_counter()
    client = NotebookClient(notebook, timeout=MOST_SECONDS, kernel_name="python3")
    client.execute(cwd=str(FOLDER), env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "100"})
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, used.ru_utime + used.ru_stime


def main(arguments=None):
    """Writes the notebooks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="beginnings of names, such as 01; by default all that are not fresh")
    parser.add_argument("--full", action="store_true", help="run the full size")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    options = parser.parse_args(arguments)
    for source in sorted((FOLDER / "sources").glob("*.py")):
        path = options.out / f"{source.stem}.ipynb"
        if options.numbers and not source.stem.startswith(tuple(options.numbers)):
            continue
        if not options.numbers and is_fresh(source, path):
            renew_texts(source, path)
            continue
        notebook = build_notebook(source, options.full)
        seconds, used = run_notebook(notebook)
        write_notebook(tidy_outputs(notebook), path)
        size = path.stat().st_size / 1000
        print(f"{path}: {seconds:.0f} s, {used:.0f} s of processors so far, {size:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
