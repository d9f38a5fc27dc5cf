"""`ktg pretrain --model vae`: the options that a VAE takes, and what it prints."""

import dataclasses

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.pretrain_vae import PretrainVaeSettings

RENAMED = {"evaluate_every": "evaluate_every_kimg", "fit": "resize_mode"}
OWN = ("likelihood", "beta", "free_bits", "kl_annealing_kimg", "prior")  # options that only a VAE has
SHOWN = ("model", "trust", "dry_run", "json", "debug")  # options of the command, not of the training


def passed_options(context):
    """{name: value} of the options that the user gave, as settings call them; defaults are left to the settings."""
    names = [name for name in context.params if name not in SHOWN]
    given = [name for name in names if context.get_parameter_source(name).name != "DEFAULT"]
    return {RENAMED.get(name, name): context.params[name] for name in given}


def vae_settings(context):
    """`PretrainVaeSettings` of a command; a `UserError` for an option that only a GAN has."""
    given = passed_options(context)
    known = [field.name for field in dataclasses.fields(PretrainVaeSettings)]
    for name, value in given.items():
        if name not in known:
            hint = f"A VAE has no such setting: leave --{name.replace('_', '-')} out."
            raise checks.user_error(name, "left out with --model vae", value, hint)
    return PretrainVaeSettings(**given)


def refuse_vae_options(context):
    """Raises a `UserError` where an option that only a VAE has was given for another model."""
    for name, value in passed_options(context).items():
        if name in OWN:
            raise checks.user_error(name, "left out without --model vae", value, "Only a VAE has it.")


def run_pretrain_vae(settings, dry_run, json):
    """Trains, or says what would be done, and prints the outcome."""
    RunFolder(settings.out).open("pretrain", settings)  # before TensorFlow is loaded: what is refused costs no wait
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.report import vae_card
    from keras_transfer_gen.recipes.training import plan
    from keras_transfer_gen.recipes.training.vae.pretrain_vae import pretrain_vae

    with ConsoleReporter() as reporter:
        if dry_run:
            planned = plan.plan("pretrain", settings, reporter)
        else:
            metrics = pretrain_vae(settings, reporter)
    if json:
        print_json(planned if dry_run else metrics)
    elif dry_run:
        print_table("what would be done", ["", ""], list(planned.items()))
    else:
        title = f"{settings.out} at {metrics['kimg']:.1f} kimg"
        print_table(title, ["", "ELBO", "KID x 1000"], vae_card.elbo_rows(metrics))
        print(vae_card.elbo_note(metrics))
        for line in vae_card.verdicts(metrics):
            print(line)
        print(f"pictures, curves, model card and exports are in {settings.out}")
