"""`ktg init`: three questions, a look at the images, and a file of settings for `--config`."""

import sys
from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded

FILE = "run.yaml"
SOURCE = "What to start from: a preset, a RUN folder or another model"
KIMG = "How long to train, in thousands of images to show"
OUT = "Where to write the RUN"


@guarded
def init(
    folder: Annotated[str, typer.Argument(help="Folder (or zip, npz, npy) of the images to learn.")],
    out: Annotated[str, typer.Option("--out", help="File of settings to write, .yaml.")] = FILE,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing and take the suggestions.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file where it exists.")] = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Look at a folder of images, ask three questions, and write a file of settings for `ktg finetune --config`."""
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.recipes.inputs import init_settings as recipe

    recipe.check_file(out, overwrite)
    with ConsoleReporter() as reporter:
        with checks.named(source="FOLDER"):
            look = recipe.look_at(folder, reporter)
        for line in look.lines:
            reporter.say(line)
    source = _ask(SOURCE, recipe.suggest_source(look), yes)
    cls = recipe.settings_class(source)
    kimg = _ask_number("kimg", KIMG, cls.kimg, yes)
    run = _ask(OUT, recipe.suggest_out(folder), yes)
    values = recipe.write_settings(out, look, source, kimg, run, overwrite)
    step = f"ktg {cls.command} --config {out}"
    content = {"file": out, "images": look.usable, "classes": look.classes, "settings": values, "next": step}
    print_outcome(content, json, f"wrote {out}. Read it, then start with: {step}")


def _ask(question: str, suggestion: str, yes: bool) -> str:
    """The answer to a question on stderr; the suggestion for an empty line, or where nothing is asked."""
    if yes:
        return suggestion
    print(f"{question} [{suggestion}]: ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        raise checks.UserError(
            "`ktg init` asks three questions, and there was no answer. Give --yes to take the suggestions."
        )
    return line.strip() or suggestion


def _ask_number(name: str, question: str, suggestion: float, yes: bool) -> float:
    answer = _ask(question, f"{suggestion:g}", yes)
    try:
        return float(answer)
    except ValueError as error:
        raise checks.user_error(name, "a number", answer, f"Such as {suggestion:g}.") from error
