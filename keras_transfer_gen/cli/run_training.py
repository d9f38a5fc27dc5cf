"""Runs a training command, or says what it would do, and prints the outcome: of every family and command."""

from collections.abc import Callable
from typing import Any

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.shared import RunSettings
from keras_transfer_gen.worker_cluster import read_cluster


def run_training(settings: RunSettings, dry_run: bool, json: bool) -> None:
    """Trains by the settings and prints the outcome on stdout.

    Args:
        settings: an object of a settings class; it names the command and the family.
        dry_run: whether to say what would be done instead.
        json: whether to print JSON.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: when the user stopped it, once everything is saved.
        WorkerLost: where another worker of the same training ended.
    """
    is_chief = read_cluster().is_chief
    if is_chief:  # the first worker says to the others what it found
        RunFolder(settings.out).open(settings.command, settings)  # before TensorFlow loads: a refusal comes at once
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.report.reporter import SILENT
    from keras_transfer_gen.recipes.training.distill import distill
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune
    from keras_transfer_gen.recipes.training.plan import plan
    from keras_transfer_gen.recipes.training.pretrain import pretrain
    from keras_transfer_gen.recipes.training.results import result_table

    trainings: dict[str, Callable[..., dict[str, Any]]] = {
        "finetune": fine_tune, "pretrain": pretrain, "distill": distill,
    }  # fmt: skip
    train = trainings[settings.command]
    if not is_chief:
        if not dry_run:
            train(settings, SILENT)
        return
    with ConsoleReporter() as reporter:
        outcome = plan(settings.command, settings, reporter) if dry_run else train(settings, reporter)
    if json:
        print_json(outcome)
    elif dry_run:
        print_table("what would be done", ["", ""], list(outcome.items()))
    else:
        table = result_table(settings, outcome)
        print_table(table.title, table.header, table.rows)
        for line in table.notes:
            print(line)
        print(f"images, curves, model card and exports are in {settings.out}")
