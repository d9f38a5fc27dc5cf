"""What is installed: the weights are found in a built wheel as in a checkout, and the tables of setup.py hold."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import keras_transfer_gen

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = {".keras", ".json", ".md", ".png", ".npz"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of this checkout, built in a copy, so that no `build/` is left here."""
    copy, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("keras_transfer_gen", "saved_models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        made,
        copy,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(made.glob("*.whl"))


def test_wheel_holds_every_weight_and_notice(wheel):
    wanted = {
        f"keras_transfer_gen/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "saved_models").rglob("*")
        if path.suffix in WEIGHTS or path.name in ("NOTICE", "LICENSE")
    }
    pages = [
        f"keras_transfer_gen/{name}" for name in ("export/web/page", "export/web/litertjs", "recipes/gallery/page")
    ]
    wanted |= {path.relative_to(ROOT).as_posix() for name in pages for path in (ROOT / name).iterdir()}
    wanted.add("keras_transfer_gen/py.typed")  # else type checkers take no notice of the hints
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert len(wanted) > 20 and wanted <= names
    assert {Path(name).name for name in names if ".dist-info/" in name} >= {"LICENSE", "NOTICE", "entry_points.txt"}
    assert not [name for name in names if name.startswith(("tests/", "saved_models/", "examples/"))]


def test_weights_are_found_in_an_installed_wheel(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import importlib.resources as resources\n"
        "folder = resources.files('keras_transfer_gen.saved_models')\n"
        "print(folder, (folder / 'efficientnet_lite0' / 'weights.npz').is_file())"
    )
    # -I -S: neither this checkout nor what is installed is seen.
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True, cwd="/")
    assert done.stdout.strip() == f"{tmp_path / 'keras_transfer_gen' / 'saved_models'} True"


def test_wheel_carries_the_version(wheel):
    assert wheel.name == f"keras_transfer_gen-{keras_transfer_gen.__version__}-py3-none-any.whl"
