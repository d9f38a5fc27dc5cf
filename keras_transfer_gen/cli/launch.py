"""`ktg launch`: a training command in several processes of this machine."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import TRAININGS, guarded


@guarded
def launch(
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="What each worker runs, after --: finetune or pretrain.")
    ],
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that share each batch.")] = 2,
    debug: o.Debug = False,
) -> None:
    """Try a training of several workers out on this machine: ktg launch --workers 2 -- finetune ..."""
    from keras_transfer_gen.recipes.runs.local_workers import launch_workers

    checks.check_choice("command", command[0], TRAININGS, "Such as `ktg launch --workers 2 -- finetune ...`.")

    def write(line: str) -> None:
        print(line, flush=True)

    code = launch_workers(command, workers, write)
    if code:
        raise typer.Exit(code)
