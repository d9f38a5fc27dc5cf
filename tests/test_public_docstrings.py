"""Every public name says what editors and readers need: hints, shapes of arrays, units of numbers, what it raises."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import keras_transfer_gen as ktg

ROOT = Path(ktg.__file__).parent
ARRAYS = {"Array", "Images", "Latents", "Logits", "Labels", "ndarray", "Tensor"}
SHAPE = re.compile(r"`\[[^\]`]+\]`|\[[A-Z][^\]]*\]|\bscalar\b")  # `[N, H, W, C]`, `[batch]`
SAME = re.compile(r"\b(the same|as (in|there|for)|see|likewise|its|those|of the)\b")
# What an argument of this name is measured in: one of these words stands in its description.
UNITS = {
    "image_size": ("pixel",), "kimg": ("thousand", "kimg"), "size_mb": ("MB",), "minutes": ("minute",),
    "seconds": ("second",), "batch_size": ("images",), "latent_dim": ("length", "dimension", "numbers"),
}  # fmt: skip


def definition(name):
    """(node, tree) of a public name in its source file; nothing heavy is imported."""
    module, attribute = ktg._LAZY[name].split(":")
    path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
    tree = ast.parse(path.read_text("utf-8"))
    nodes = [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == attribute]
    return nodes[0] if nodes else None


def function_of(node):
    """The function whose arguments a caller gives: of a class its own `__init__`; None where it has none."""
    if isinstance(node, ast.FunctionDef):
        return node
    return next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)


def entries_of(docstring):
    """{argument: its description} of the section "Args:"."""
    section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", docstring, re.MULTILINE | re.DOTALL)
    if not section:
        return {}
    parts = re.split(r"^ {4}\*{0,2}(\w+): ", section[1], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def takes_arrays(annotation):
    """Whether a hint allows an array or a tensor."""
    if annotation is None or "dict[" in ast.unparse(annotation):  # arrays of many shapes
        return False
    words = {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)}
    return bool(ARRAYS & (words | {n.attr for n in ast.walk(annotation) if isinstance(n, ast.Attribute)}))


def raises_itself(node):
    """Whether a function has a `raise` of its own, one in a function inside it left out."""
    stack = list(node.body)
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Raise) and part.exc is not None:
            return True
        if not isinstance(part, ast.FunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(part))
    return False


def faults_of(node):
    """What is missing in the docstring of a function or class, in words."""
    docstring, faults = inspect.cleandoc(ast.get_docstring(node) or ""), []
    function = function_of(node)
    if len(docstring.split()) < 5:
        return ["no docstring"]
    entries = entries_of(docstring)
    for argument in [] if function is None else [*function.args.args, *function.args.kwonlyargs]:
        words = entries.get(argument.arg, "")
        if takes_arrays(argument.annotation) and not (SHAPE.search(words) or SAME.search(words)):
            faults.append(f"{argument.arg}: no shape")
        units = UNITS.get(argument.arg)
        if units and words and not any(unit in words for unit in units) and not SAME.search(words):
            faults.append(f"{argument.arg}: no unit")
    if function is node and takes_arrays(node.returns) and not SHAPE.search(docstring):
        faults.append("no shape of what it returns")
    if function is not None and raises_itself(function) and "Raises:" not in docstring:
        faults.append("no Raises:")
    return faults


def without_hints(node):
    """Names of the public methods (or the function) of a public name that lack a hint, of an argument or the result."""
    functions = (
        [node] if isinstance(node, ast.FunctionDef) else [n for n in node.body if isinstance(n, ast.FunctionDef)]
    )
    names = []
    for function in functions:
        is_static = any(ast.unparse(part) == "staticmethod" for part in function.decorator_list)
        arguments = [*function.args.posonlyargs, *function.args.args]
        arguments = arguments[1:] if function is not node and not is_static else arguments
        arguments += [*function.args.kwonlyargs, *filter(None, (function.args.vararg, function.args.kwarg))]
        bare = function.returns is None or any(argument.annotation is None for argument in arguments)
        if bare and (function.name == "__init__" or not function.name.startswith("_")):
            names.append(function.name)
    return names


@pytest.mark.parametrize("name", [name for name in sorted(ktg._LAZY) if definition(name) is not None])
def test_public_name_has_type_hints(name):
    assert without_hints(definition(name)) == []


def test_missing_hints_are_found():
    code = (
        "class A:\n def __init__(self, a: int, *args) -> None: ...\n def b(self, c) -> int: ...\n"
        " @staticmethod\n def d(e: int): ...\n def _f(self, g): ...\n def h(self, *, i: int = 0) -> None: ...\n"
    )
    assert without_hints(ast.parse(code).body[0]) == ["__init__", "b", "d"]


@pytest.mark.parametrize("name", [name for name in sorted(ktg._LAZY) if definition(name) is not None])
def test_public_name_says_what_it_takes_and_raises(name):
    assert faults_of(definition(name)) == []


def test_faults_are_found():
    code = (
        'def f(images: Images, image_size: int) -> np.ndarray:\n    """Does this and that with images.\n\n    Args:\n'
        '        images: some.\n        image_size: how large.\n    """\n    raise ValueError("x")\n'
    )
    node = ast.parse(code).body[0]
    assert faults_of(node) == ["images: no shape", "image_size: no unit", "no shape of what it returns", "no Raises:"]
    fine = code.replace("some.", "uint8 `[N, H, W, C]`.").replace(
        "how large.", "side, in pixels.\n\n    Raises:\n        X: y."
    )
    assert faults_of(ast.parse(fine).body[0]) == []


def test_nearly_every_public_name_is_looked_at():
    without = [name for name in ktg._LAZY if definition(name) is None]
    assert {name for name in without if not name.startswith("register_")} <= {"fine_tune_vae", "pretrain_vae"}
