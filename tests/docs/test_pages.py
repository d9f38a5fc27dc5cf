"""README, docs and notebooks name only links, commands, options and Python names that there are."""

import ast
import importlib
import inspect
import json
import re
import shlex
from pathlib import Path

import pytest
import typer

import keras_transfer_gen as ktg
from keras_transfer_gen import tables
from keras_transfer_gen.cli.main import app
from keras_transfer_gen.cli.setting_options import old_flags

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]
CARDS = sorted((ROOT / "saved_models").glob("*/README.md"))
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
AWAITED = set()  # files that a page may name before they exist
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
MAGIC = re.compile(r"(?<=^    )[%!].*$", re.MULTILINE)  # a command of IPython
OTHER_PROGRAMS = {"--signal"}  # options that pages name of other programs: Slurm
MODELS = {"gan": ktg.GAN, "vae": ktg.VAE, "layer": ktg.SavedModelLayer}


def relative(path):
    return str(path.relative_to(ROOT))


def read(path):
    """A page's text; of a notebook its Markdown and, as blocks, its code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    return "\n\n".join(
        source if kind == "markdown" else f"```python\n{MAGIC.sub('pass', source)}\n```" for kind, source in cells
    )


def blocks(text, *languages):
    return [code for language, code in BLOCK.findall(text) if language in languages]


def spans(text):
    """Inline code, joined where it is broken over two lines."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text))]


def anchors(path):
    """The anchors that a page's headings have on the web."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", [*PAGES, *CARDS, *OTHERS], ids=relative)
def test_links_lead_somewhere(path):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", read(path))):
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if "://" in link or (target.is_relative_to(ROOT) and relative(target) in AWAITED):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


# Commands.


def commands(text):
    """Whole command lines of `ktg` in the shell blocks of a page, as lists of words."""
    lines = []
    for block in blocks(text, "bash", "sh", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            starts = [index for index, word in enumerate(words) if word in ("ktg", ".venv/bin/ktg")]
            ends = [*(index for index, word in enumerate(words) if word in ("&&", "|", ";")), len(words)]
            lines += [words[start + 1 : min(end for end in ends if end > start)] for start in starts]
    return [line for line in lines if line and "--help" not in line]


def command_of(words):
    """(the click command that words name, the words after its name)."""
    command, rest = typer.main.get_command(app), list(words)
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    return command, rest


def options_of(command):
    return {name for parameter in command.params for name in parameter.opts if not getattr(parameter, "hidden", False)}


def all_options():
    """Options of every command of `ktg`, and of the scripts that the pages name."""
    found, todo = {"--help", *OTHER_PROGRAMS}, [typer.main.get_command(app)]
    while todo:
        command = todo.pop()
        found |= options_of(command)
        todo += getattr(command, "commands", {}).values()
    scripts = [
        path for folder in ("benchmarks", "examples", "saved_models", "docs") for path in (ROOT / folder).rglob("*.py")
    ]
    return found | {name for path in scripts for name in re.findall(r'"(--[a-z0-9-]+)"', path.read_text("utf-8"))}


@pytest.mark.parametrize("path", [*PAGES, *CARDS], ids=relative)
def test_command_lines_are_accepted(path, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cats.yaml").write_text("data: photos/\nsource: noto_gan_64\n")  # as `ktg init` writes it
    for words in commands(read(path)):
        command, rest = command_of(words)
        with command.make_context(words[0], rest):  # raises for an unknown option and a missing one
            pass
    assert capsys.readouterr().err == ""  # an old option would warn


def without_other_tools(path, text):
    """A page's text; of a table "there | here" only what is here: the first column names other programs' options."""
    return re.sub(r"^\|[^|]*\|", "|", text, flags=re.MULTILINE) if path.name == "coming_from.md" else text


@pytest.mark.parametrize("path", [*PAGES, *CARDS, *NOTEBOOKS], ids=relative)
def test_options_in_sentences_exist(path):
    known, unknown = all_options(), []
    for span in spans(without_other_tools(path, read(path))):
        words = span.split()
        if words and words[0] == "ktg" and len(words) > 1:
            command, _ = command_of(words[1:])
            expected = options_of(command) | ({"--help"} if "--help" in words else set())
        else:
            expected = known
        used = {word.partition("=")[0].rstrip(",;") for word in words if re.match(r"--[a-z]", word)}
        unknown += sorted(used - expected)
    shell = "\n".join(blocks(read(path), "bash", "sh", "console"))
    assert unknown == [] and set(re.findall(r"(?<=\s)--[a-z0-9-]+", shell)) - known == set()


def test_unknown_and_old_options_are_found():
    command, rest = command_of(["finetune", "--data", "a", "--source", "b", "--out", "c", "--mine-kimg", "1"])
    assert "--mine-kimg" not in options_of(command) and "--latent-selection-kimg" in options_of(command)
    assert command_of(["models", "inspect", "x"])[1] == ["x"]
    assert commands("```bash\nktg info a  # why\nmake demo && ktg export b \\\n  --out c\n```") == [
        ["info", "a"], ["export", "b", "--out", "c"]
    ]  # fmt: skip
    with pytest.raises(Exception, match="No such option"):
        command.make_context("finetune", [*rest, "--no-such-option"])


def test_changelog_names_what_was_renamed():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    pairs = {**old_flags(), **ktg._OLD}
    lines = {old: [line for line in text.splitlines() if f"`{old}`" in line] for old in pairs}
    assert [old for old, new in pairs.items() if not any(f"`{new}`" in line for line in lines[old])] == []


# Python.


def python_faults(code):
    """What a program names that there is not: names of the package, modules, keyword arguments."""
    tree, faults = ast.parse(code), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ktg":
            faults += [] if node.attr in ktg.__all__ else [f"ktg.{node.attr}"]
        if isinstance(node, ast.ImportFrom) and node.module.startswith("keras_transfer_gen"):
            module = importlib.import_module(node.module)
            faults += [f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)]
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            faults += call_faults(node, called.value.id)
    return faults


def call_faults(node, owner):
    """Keyword arguments of a call of `ktg.name(...)` or of a method of `gan` or `vae` that it does not take."""
    name = node.func.attr
    if owner == "ktg" and name not in ktg.__all__:
        return []  # told already
    function = getattr(ktg if owner == "ktg" else MODELS.get(owner), name, None)
    if function is None:
        return [f"{owner}.{name}"] if owner in MODELS else []
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return []
    keywords = [keyword.arg for keyword in node.keywords]
    return [f"{owner}.{name}({keyword}=)" for keyword in keywords if keyword and keyword not in parameters]


@pytest.mark.parametrize("path", [*PAGES, *CARDS, *NOTEBOOKS], ids=relative)
def test_python_names_exist(path):
    text = read(path)
    assert [fault for code in blocks(text, "python") for fault in python_faults(code)] == []
    named = {name for span in spans(text) for name in re.findall(r"\bktg\.(\w+)", span)}
    assert {name for name in named if not name.endswith("_")} - {"register"} <= set(ktg.__all__)


def test_faults_of_a_program_are_found():
    code = "import keras_transfer_gen as ktg\nktg.read_pictures(1)\nktg.evaluate(1, imgs=2)\ngan.fits()\n"
    assert sorted(python_faults(code)) == ["gan.fits", "ktg.evaluate(imgs=)", "ktg.read_pictures"]


@pytest.fixture
def own_tables(monkeypatch):
    """The tables of names, as they were after the test."""
    for name in ("OBJECTIVES", "AUGMENTS", "REGULARIZERS", "ARCHITECTURES", "METRICS"):
        table = getattr(tables, name)
        monkeypatch.setattr(table, "_rows", dict(table._rows))


def test_examples_of_extending_work(own_tables):
    for code in blocks(read(ROOT / "docs/extending.md"), "python"):
        if "cli.main" not in code:
            exec(compile(code, "extending.md", "exec"), {"__name__": "extending"})  # noqa: S102
    _, entry, options = tables.resolve_architecture("tiny:width=4", "gan")
    gan = ktg.GAN(*entry.build(ktg.ModelSpec(32, 3, 8, arch="tiny"), options))
    gan.compile("least_squares", augment="mirror", regularizers=["brightness:weight=0.5", "source_colours"])
    losses = gan.train_on_batch(ktg.GAN.generate(gan, 4, seed=0), return_dict=True)
    assert set(losses) >= {"d_loss", "g_loss"} and gan.regularizers[0].weight == 0.5
