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

    with ConsoleReporter() as reporter:
        outcome = _plan(settings, reporter) if dry_run else _train(settings, reporter)
    if json:
        print_json(outcome)
    elif dry_run:
        print_table("what would be done", ["", ""], list(outcome.items()))
    else:
        _print_result(settings, outcome)


def _print_result(settings, metrics):
    from keras_transfer_gen.cli.console import print_table

    table = _result_table(settings, metrics)
    print_table(table.title, table.header, table.rows)
    for line in table.notes:
        print(line)
    print(f"images, curves, model card and exports are in {settings.out}")


# What follows is one call each once recipes/training has one story for both families.


def _plan(settings, reporter):
    from keras_transfer_gen.recipes.training.plan import plan
    from keras_transfer_gen.recipes.training.vae.plan_vae import plan_vae

    if (settings.family, settings.command) == ("vae", "finetune"):
        return plan_vae(settings, reporter)
    return plan(settings.command, settings, reporter)


def _train(settings, reporter):
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune
    from keras_transfer_gen.recipes.training.pretrain import pretrain
    from keras_transfer_gen.recipes.training.vae.fine_tune_vae import fine_tune_vae
    from keras_transfer_gen.recipes.training.vae.pretrain_vae import pretrain_vae

    recipes = {
        ("gan", "finetune"): fine_tune, ("gan", "pretrain"): pretrain,
        ("vae", "finetune"): fine_tune_vae, ("vae", "pretrain"): pretrain_vae,
    }  # fmt: skip
    return recipes[settings.family, settings.command](settings, reporter)


def _result_table(settings, metrics):
    import types

    from keras_transfer_gen.recipes.report import gan_card, vae_card
    from keras_transfer_gen.recipes.report.card import kid_note

    title = f"{settings.out} at {metrics['kimg']:.1f} kimg"
    if settings.family == "vae":
        notes = [vae_card.vae_score_note(metrics), *vae_card.vae_verdicts(metrics)]
        header, rows = ["", "ELBO", "KID x 1000"], vae_card.vae_score_rows(metrics)
        return types.SimpleNamespace(title=title, header=header, rows=rows, notes=notes)
    best = metrics.get("best_kimg")  # a run that finished before there was one has none
    title += "" if best is None else f" (kept: the weights at {best:.2f} kimg)"
    notes = [kid_note(metrics["kid_after"]), *gan_card.gan_verdicts(metrics)]
    return types.SimpleNamespace(
        title=title, header=["", "KID x 1000"], rows=gan_card.gan_score_rows(metrics), notes=notes
    )
