"""Runs a training command, or says what it would do, and prints the outcome: of every family and command."""

from keras_transfer_gen.recipes.runs.run_folder import RunFolder


def run_training(settings, dry_run, json):
    """Trains by the settings and prints the outcome on stdout.

    Args:
        settings: an object of a settings class; it names the command and the family.
        dry_run: whether to say what would be done instead.
        json: whether to print JSON.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: when the user stopped it, once everything is saved.
    """
    RunFolder(settings.out).open(settings.command, settings)  # before TensorFlow is loaded: a refusal comes at once
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.training.distill import distill
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune
    from keras_transfer_gen.recipes.training.plan import plan
    from keras_transfer_gen.recipes.training.pretrain import pretrain
    from keras_transfer_gen.recipes.training.results import result_table

    train = {"finetune": fine_tune, "pretrain": pretrain, "distill": distill}[settings.command]
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
