"""The rules of docs/architecture.md, read off the source with `ast`: layers, file sizes, a test for every file."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "keras_transfer_gen"
SIBLINGS = ("data", "maths", "networks", "objectives", "transfer", "training", "metrics", "export")
RANK = {"foundation": 0, **dict.fromkeys(SIBLINGS, 1), "recipes": 2, "cli": 3}
FOUNDATION = {"checks", "pixels", "files", "specs", "streams", "protocols", "tables", "version", "spectral_norm"}
FOUNDATION |= {"latent_distributions", "variational", "shipped_weights", "efficientnet_lite", "deprecation"}
FOUNDATION |= {"architectures", "entry_text", "saved_classes", "saved_model_layout"}
FOUNDATION_NEEDS = {"numpy", "tensorflow", "keras", PACKAGE, *sys.stdlib_module_names}
MOST_LINES = 400
UNTESTED = {"version.py"}  # one line, read by tests/test_import.py

SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
SCRIPTS = [path for name in ("benchmarks", "examples", "saved_models") for path in sorted((ROOT / name).rglob("*.py"))]


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(tree):
    """Full names of everything that a module imports, inside functions too; `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def layer(module):
    """The layer of a module of the package, or None for the package itself and for other packages."""
    parts = module.split(".")
    if parts[0] != PACKAGE or len(parts) < 2:
        return None
    if parts[1] in FOUNDATION:
        return "foundation"
    return parts[1] if parts[1] in RANK else None


def forbidden(own, imported):
    """The imports that a module of the layer `own` may not have: upwards, or of a sibling."""
    others = {module for module in imported if layer(module) not in (None, own)}
    return sorted(module for module in others if RANK[layer(module)] >= RANK[own])


def asserts(function, helpers=()):
    """Whether a function asserts: `assert`, `pytest.raises` or `warns`, a call of `assert_...` or of a helper."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name in ("raises", "warns", *helpers) or name.startswith("assert_"):
                return True
    return False


def empty_tests(tree):
    """Names of the tests of a module that assert nothing, themselves or in a helper of the module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    helpers = [function.name for function in functions if asserts(function)]
    return [f.name for f in functions if f.name.startswith("test_") and not asserts(f, helpers)]


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_point_down_only(path):
    if path == ROOT / PACKAGE / "__init__.py":
        pytest.skip("the public table names every layer; tests/test_import.py watches it")
    own = layer(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert own is not None, f"{path.name} belongs to no layer: add it to docs/architecture.md and to this test"
    imported = modules(parse(path))
    assert forbidden(own, imported) == []
    if own == "foundation":
        assert {module.split(".")[0] for module in imported} <= FOUNDATION_NEEDS


def test_forbidden_finds_siblings_and_upward_imports():
    code = (
        "from keras_transfer_gen import checks\nfrom keras_transfer_gen.training import ema\n"
        "def f():\n    from keras_transfer_gen import recipes\n    import keras_transfer_gen.data.batches\n"
    )
    found = forbidden("training", modules(ast.parse(code)))
    assert found == ["keras_transfer_gen.data.batches", "keras_transfer_gen.recipes"]
    assert forbidden("cli", modules(ast.parse(code))) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=relative)
def test_sub_packages_hold_a_docstring_alone(path):
    body = parse(path).body
    assert isinstance(body[0], ast.Expr) and isinstance(body[0].value.value, str)
    assert len(body) == 1 or path.parent.name == PACKAGE


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *SCRIPTS, ROOT / "setup.py"], ids=relative)
def test_file_is_short_enough_to_hold_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_package_checks_with_errors_not_with_assert(path):
    assert [node.lineno for node in ast.walk(parse(path)) if isinstance(node, ast.Assert)] == []


def test_every_source_file_has_its_test_file():
    wanted = {
        path.relative_to(ROOT / PACKAGE).with_name(f"test_{path.name}")
        for path in SOURCES
        if path.name != "__init__.py" and path.name not in UNTESTED
    }
    assert sorted(wanted - {path.relative_to(ROOT / "tests") for path in TESTS}) == []


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_every_test_asserts_something(path):
    assert empty_tests(parse(path)) == []


def test_empty_tests_are_told_from_others():
    code = (
        "def test_a(): f()\ndef test_b(): assert 1\ndef test_c(): np.testing.assert_allclose(1, 1)\n"
        "def same(): assert 1\ndef test_d(): same()\ndef test_e():\n  with pytest.raises(ValueError): f()\n"
    )
    assert empty_tests(ast.parse(code)) == ["test_a"]
