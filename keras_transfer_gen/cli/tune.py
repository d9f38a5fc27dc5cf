"""`ktg tune`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded


@guarded
@checks.named(source="SOURCE")
def tune(
    source: o.Model,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Images in a step.")] = 32,
    seconds: Annotated[float, typer.Option("--seconds", help="After which nothing further is tried.")] = 60.0,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what is known.")] = False,
    trust: o.Trust = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Measure how a source trains fastest on this machine: precision, XLA, steps in one call. The answer is kept."""
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.training import tune as recipe

    with ConsoleReporter() as reporter:
        answer = recipe.tune(source, batch_size, seconds, again, bool(trust), reporter)
    if json:
        print_json(answer)
        return
    print_table(f"{source}, {answer['batch_size']} images in a step", recipe.HEADER, recipe.tuning_rows(answer))
    how = "known since" if answer["cached"] else "measured on"
    print(f"{how} {answer['date']}: {answer['machine']}")
    print(f"`ktg finetune` computes in {answer['precision']} unless --precision or --deterministic is given.")
