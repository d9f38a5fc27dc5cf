"""The rules of docs/architecture.md, read off the source with `ast`: layers, rooms, file sizes, a test a file."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "keras_transfer_gen"
SIBLINGS = ("data", "maths", "networks", "objectives", "transfer", "training", "metrics", "export")
RANK = {"foundation": 0, **dict.fromkeys(SIBLINGS, 1), "recipes": 2, "cli": 3}
# The rooms of a package: each imports only files of the package itself and rooms before it.
ROOMS = {
    "networks": ("latents", "priors", "dcgan", "conv_vae", "tokens", "blended", "stylegan2", "heads"),
    "transfer": ("fetching", "saved_model", "pickles", "weights", "freezing", "regularizers"),
    "recipes": (
        "settings", "runs", "report", "machine", "output", "models", "scoring", "inputs", "latent_tools", "gallery",
        "training",
    ),
    "recipes.training": ("gan", "vae", "vq"),
    "export": ("web",),
}  # fmt: skip
APART = {"recipes.training"}  # packages whose rooms never import each other
FOUNDATION = {path.stem for path in (ROOT / PACKAGE).glob("*.py")} - {"__init__"}
FOUNDATION_NEEDS = {"numpy", "tensorflow", "keras", PACKAGE, *sys.stdlib_module_names}
MOST_LINES = 400
# Words that say nothing of what a variable holds: a noun says it.
VAGUE = {"found", "made", "place", "held", "given", "told", "asked"}
UNTESTED = {"version.py"}  # one line, read by tests/test_import.py

SOURCES = sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if "saved_models" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
SCRIPTS = [path for name in ("benchmarks", "examples", "saved_models") for path in sorted((ROOT / name).rglob("*.py"))]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in [*SOURCES, *TESTS]}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree):
    """Full names of everything that a module imports, inside functions too; `from a import b` gives a and a.b."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else node.module)  # "." is refused below
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def layer(module):
    """The layer of a module of the package, or None for the package itself and for other packages."""
    parts = module.split(".")
    if parts[0] != PACKAGE or len(parts) < 2:
        return None
    if parts[1] in FOUNDATION:
        return "foundation"
    return parts[1] if parts[1] in RANK else None


def upward(module, names):
    """The imports that a module may not have: of a layer above its own, or of a sibling."""
    own = layer(module)
    others = {name for name in names if layer(name) not in (None, own)}
    return sorted(name for name in others if RANK[layer(name)] >= RANK[own])


def room(package, module):
    """The place of a module in a package's list of rooms; -1 for a file of the package itself, None for others."""
    parts = module.removeprefix(f"{PACKAGE}.").split(".")
    depth = package.count(".") + 1
    if ".".join(parts[:depth]) != package:
        return None
    inside = parts[depth] if len(parts) > depth else ""
    return ROOMS[package].index(inside) if inside in ROOMS[package] else -1


def later_rooms(package, module, names):
    """The imports that a module in a room may not have: of a later room, or of another one that is kept apart."""
    own = room(package, module)
    if own is None or own < 0:
        return []
    places = {name: room(package, name) for name in names}
    apart = package in APART
    return sorted(
        n for n, there in places.items() if there is not None and (there > own or (apart and 0 <= there != own))
    )


def vague_names(tree):
    """(line, name) of each variable, argument and attribute that is set under a name of `VAGUE`."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            names.append((node.lineno, node.arg))
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.append((node.lineno, node.id if isinstance(node, ast.Name) else node.attr))
    return sorted((line, name) for line, name in names if name.strip("_") in VAGUE)


def asserts(function, helpers=()):
    """Whether a function asserts: `assert`, `pytest.raises` or `warns`, a call of `assert_...` or of a helper."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name in ("raises", "warns", *helpers) or name.startswith(("assert_", "check_")):
                return True
    return False


def empty_tests(tree):
    """Names of the tests of a module that assert nothing, themselves or in a helper of the module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    helpers = [function.name for function in functions if asserts(function)]
    return [f.name for f in functions if f.name.startswith("test_") and not asserts(f, helpers)]


def test_imports_point_down_only():
    wrong = {}
    for path in SOURCES:
        module, names = module_name(path), imports(TREES[path])
        if module == PACKAGE:
            continue  # the public table names every layer; tests/test_import.py watches it
        assert layer(module) is not None, f"{relative(path)} belongs to no layer: add it to docs/architecture.md"
        assert "." not in names, f"{relative(path)}: write imports in full"
        refused = upward(module, names)
        if layer(module) == "foundation":
            refused += sorted(names - {n for n in names if n.split(".")[0] in FOUNDATION_NEEDS})
        wrong |= {relative(path): refused} if refused else {}
    assert wrong == {}


def test_rooms_import_earlier_rooms_only():
    wrong = {}
    for path in SOURCES:
        for package in ROOMS:
            refused = later_rooms(package, module_name(path), imports(TREES[path]))
            wrong |= {relative(path): refused} if refused else {}
    assert wrong == {}


def test_every_folder_is_a_room():
    folders = {".".join(path.parent.relative_to(ROOT / PACKAGE).parts) for path in SOURCES} - {""}
    rooms = {f"{package}.{name}" for package, names in ROOMS.items() for name in names}
    assert folders == rooms | set(SIBLINGS) | {"recipes", "cli"}


def test_wrong_imports_are_recognised():
    code = (
        "from keras_transfer_gen import checks\nfrom keras_transfer_gen.training import ema\n"
        "def f():\n    from keras_transfer_gen import recipes\n    import keras_transfer_gen.data.batches\n"
        "from keras_transfer_gen.recipes.training.vae import family\nfrom keras_transfer_gen.recipes.runs import run\n"
    )
    names = imports(ast.parse(code))
    assert upward("keras_transfer_gen.training.gan", names)[:2] == [
        "keras_transfer_gen.data.batches", "keras_transfer_gen.recipes",
    ]  # fmt: skip
    assert upward("keras_transfer_gen.cli.main", names) == []
    vae = ["keras_transfer_gen.recipes.training.vae", "keras_transfer_gen.recipes.training.vae.family"]
    assert later_rooms("recipes", "keras_transfer_gen.recipes.models.load", names) == vae
    assert later_rooms("recipes", "keras_transfer_gen.recipes.training.plan", names) == []
    assert later_rooms("recipes.training", "keras_transfer_gen.recipes.training.gan.source", names) == vae
    assert imports(ast.parse("from . import gan")) >= {"."}


def test_sub_packages_hold_a_docstring_alone():
    for path in SOURCES:
        if path.name == "__init__.py" and path.parent.name != PACKAGE:
            (statement,) = TREES[path].body
            assert isinstance(statement, ast.Expr) and isinstance(statement.value.value, str), relative(path)


def test_files_are_short_enough_to_hold_one_idea():
    lengths = {relative(p): len(p.read_text("utf-8").splitlines()) for p in [*SOURCES, *TESTS, *SCRIPTS]}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_package_checks_with_errors_not_with_assert():
    nodes = ((path, node) for path in SOURCES for node in ast.walk(TREES[path]))
    assert [f"{relative(path)}:{node.lineno}" for path, node in nodes if isinstance(node, ast.Assert)] == []


def test_variables_are_named_after_what_they_hold():
    trees = {path: TREES.get(path) or ast.parse(path.read_text("utf-8")) for path in [*SOURCES, *SCRIPTS]}
    assert {relative(path): names for path, tree in trees.items() if (names := vague_names(tree))} == {}


def test_vague_names_are_recognised():
    code = "def f(told):\n  found = 1\n  self.made = found\n  for place in x: images = place\n  print(self.held)\n"
    assert vague_names(ast.parse(code)) == [(1, "told"), (2, "found"), (3, "made"), (4, "place")]


def test_families_are_told_apart_in_their_table_alone():
    wrong = []
    for path in SOURCES:
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.Compare):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                if any(side.endswith("family") for side in sides) and any(side in ("'gan'", "'vae'") for side in sides):
                    wrong.append(f"{relative(path)}:{node.lineno}")
    assert wrong == []


def test_every_source_file_has_its_test_file():
    wanted = {
        path.relative_to(ROOT / PACKAGE).with_name(f"test_{path.name}")
        for path in SOURCES
        if path.name != "__init__.py" and path.name not in UNTESTED
    }
    assert sorted(map(str, wanted - {path.relative_to(ROOT / "tests") for path in TESTS})) == []


def test_every_test_asserts_something():
    assert {relative(path): names for path in TESTS if (names := empty_tests(TREES[path]))} == {}


def test_empty_tests_are_told_from_others():
    code = (
        "def test_a(): f()\ndef test_b(): assert 1\ndef test_c(): np.testing.assert_allclose(1, 1)\n"
        "def same(): assert 1\ndef test_d(): same()\ndef test_e():\n  with pytest.raises(ValueError): f()\n"
    )
    assert empty_tests(ast.parse(code)) == ["test_a"]
