"""The built wheel and sdist, installed into clean environments: presets are found, and a model is adapted."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import keras_transfer_gen

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tests" / "smallest_run.py"
PRESETS = sorted(path.parent.name for path in (ROOT / "saved_models").glob("*/spec.json"))
BUILD = "from setuptools import build_meta as build; print(build.build_{kind}({folder!r}))"
NO_PYTHONPATH = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command, **keywords):
    """What a command prints; its errors where it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=NO_PYTHONPATH, **keywords
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def build(kind, source, folder):
    """The file that `python -m build` makes of a folder, by the tools that are installed."""
    name = run(sys.executable, "-c", BUILD.format(kind=kind, folder=str(folder)), cwd=source).splitlines()[-1]
    return folder / name


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """A source distribution, built in a copy."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("keras_transfer_gen", "saved_models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "saved_models"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    return build("sdist", copy, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """A wheel, built of the source distribution alone."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Python of a new environment with the wheel; what it needs is taken from the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "-q", wheel]
    run(*install)
    # Lines of a .pth file that stand in a .pth file's folder are not read: an editable install here is not seen there.
    (site / "tests.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}))
    return python


def test_wheel_of_the_sdist_holds_every_file_of_the_package(wheel):
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "keras_transfer_gen").rglob("*.py")}
    files = {name for name in files if "/saved_models/" not in name} | {"keras_transfer_gen/py.typed"}
    files |= {
        f"keras_transfer_gen/saved_models/{name}/{part}" for name in PRESETS for part in ("spec.json", "README.md")
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode("utf-8") for name in names if name.endswith(".dist-info/METADATA"))
    assert len(PRESETS) >= 2 and files - names == set()
    assert f"Version: {keras_transfer_gen.__version__}\n" in metadata and "\nRequires-Python: " in metadata


def test_installed_package_finds_its_presets_without_tensorflow(installed, tmp_path):
    code = (
        "import json, sys, keras_transfer_gen as ktg\n"
        "presets = [preset.name for preset in ktg.list_presets()]\n"
        "print(json.dumps([ktg.__file__, ktg.__version__, sorted(presets), 'tensorflow' in sys.modules]))"
    )
    file, version, presets, has_tensorflow = json.loads(run(installed, "-c", code, cwd=tmp_path))
    assert Path(file).is_relative_to(installed.parents[1]) and version == keras_transfer_gen.__version__
    assert presets == PRESETS and not has_tensorflow


def test_installed_command_runs(installed, tmp_path):
    assert "finetune" in run(installed.parent / "ktg", "--help", cwd=tmp_path)


def interpreters():
    """{version: command} of the Pythons of this machine that the package is for."""
    commands = {}
    for version in ("3.11", "3.12", "3.13"):
        pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
        command = shutil.which(f"python{version}") if not pyenv else pyenv[-1]
        commands[version] = command
    return commands


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_smallest_fine_tune_runs_where_everything_was_installed_anew(version, wheel, tmp_path):
    python = interpreters()[version]
    if python is None:
        pytest.skip(f"Python {version} is not on this machine")
    environment = tmp_path / "environment"
    run(python, "-m", "venv", environment)
    run(environment / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", wheel)
    lines = run(environment / "bin" / "python", SCRIPT, tmp_path / "work", cwd=tmp_path).splitlines()
    seen = json.loads(lines[-1])
    assert seen["python"].startswith(version) and seen["version"] == keras_transfer_gen.__version__
    assert Path(seen["package"]).is_relative_to(environment) and sorted(seen["presets"]) == PRESETS
    assert seen["images"] == [2, 32, 32, 3, "uint8"] and {"metrics.json", "report.html"} <= set(seen["files"])
