"""The public names are loaded when they are used; importing the package, `dir()` and the command line are cheap."""

import ast
import importlib
import importlib.resources
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_transfer_gen

HEAVY = ("tensorflow", "keras", "numpy", "PIL", "scipy", "matplotlib")


def heavy_modules_after(code):
    """The heavy packages that a new Python has loaded after running `code`."""
    report = f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    "code",
    [
        "import keras_transfer_gen; dir(keras_transfer_gen); keras_transfer_gen.__version__",
        "from keras_transfer_gen import specs, files, checks, tables; import keras_transfer_gen as k; k.ModelSpec",
        "import keras_transfer_gen.cli.main",
        "import sys; from keras_transfer_gen.cli.main import main; sys.argv = ['ktg', '--help']\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code",
        "import sys; from keras_transfer_gen.cli.main import main; sys.argv = ['ktg', 'models']\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code",
    ],
    ids=["import", "foundation", "cli", "help", "models"],
)
def test_light_uses_load_nothing_heavy(code):
    assert heavy_modules_after(code) == []


def test_heavy_modules_after_sees_a_heavy_import():
    assert "numpy" in heavy_modules_after("import keras_transfer_gen.metrics.kid")


@pytest.mark.parametrize("name", sorted(keras_transfer_gen._LAZY))
def test_public_name_is_what_its_row_names(name):
    module, attribute = keras_transfer_gen._LAZY[name].split(":")
    value = getattr(keras_transfer_gen, name)
    assert value is getattr(importlib.import_module(module), attribute)
    assert (value.__doc__ or "").strip()


def test_dir_and_star_list_every_public_name():
    assert set(keras_transfer_gen._LAZY) <= set(keras_transfer_gen.__all__) <= set(dir(keras_transfer_gen))
    assert {name for name in dir(keras_transfer_gen) if not name.startswith("__")} == set(keras_transfer_gen._LAZY)
    names = {}
    exec("from keras_transfer_gen import *", names)
    assert set(keras_transfer_gen.__all__) <= set(names)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'keras_transfer_gen' has no attribute 'gann'"):
        keras_transfer_gen.gann  # noqa: B018


@pytest.mark.parametrize("old", sorted(keras_transfer_gen._OLD))
def test_old_name_works_with_one_warning_and_is_not_listed(old):
    new = keras_transfer_gen._OLD[old]
    vars(keras_transfer_gen).pop(old, None)
    with pytest.warns(DeprecationWarning, match=rf"keras_transfer_gen.{old} is now called {new}\.") as caught:
        names = {}
        exec(f"from keras_transfer_gen import {old}", names)
        assert names[old] is getattr(keras_transfer_gen, new) is getattr(keras_transfer_gen, old)
    assert len(caught) == 1
    assert old not in keras_transfer_gen.__all__ and old not in dir(keras_transfer_gen)


def test_old_name_warns_where_it_is_used():
    vars(keras_transfer_gen).pop("read_pictures", None)
    with pytest.warns(DeprecationWarning) as caught:
        keras_transfer_gen.read_pictures  # noqa: B018
    assert caught[0].filename == __file__


def test_type_checkers_see_the_rows_of_the_lazy_table():
    tree = ast.parse(Path(keras_transfer_gen.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {alias.asname: f"{node.module}:{alias.name}" for node in block.body for alias in node.names}
    assert seen == keras_transfer_gen._LAZY


def test_version_is_a_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+", keras_transfer_gen.__version__)


def test_weights_are_found_through_importlib_resources():
    folder = importlib.resources.files("keras_transfer_gen.saved_models")
    assert (folder / "efficientnet_lite0" / "weights.npz").is_file()
    assert (folder / "efficientnet_lite0" / "NOTICE").is_file()
