"""`ktg finetune` with a VAE as its source: the options that it takes, and what it prints."""

import dataclasses

from keras_transfer_gen import checks
from keras_transfer_gen.cli.pretrain_vae import passed_options
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.fine_tune_vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.methods import METHODS
from keras_transfer_gen.recipes.settings.vae_methods import SOURCE, VAE_METHODS

OWN = ("prior", "anchor", "l2sp", "channels")  # options that only a VAE has
FETCHED = ("offline", "sha256")  # how a source is had, no setting


def is_vae(source, method, out, fresh, trust):
    """Whether a fine-tune is one of a VAE, told from its files, from a method that only a VAE has, or from its RUN.

    Args:
        source: what the user called the source.
        method: of the command.
        out: the RUN folder; one that goes on keeps its source.
        fresh: whether it starts again.
        trust: whether the user vouches for a source from the web.
    """
    if method in VAE_METHODS and method not in METHODS:
        return True
    run = RunFolder(out)
    if (run.checkpoints / SOURCE).is_file() and not fresh:
        return True
    if run.exists and run.keeps_source and not fresh:
        return False  # of a GAN; the source itself may be gone
    return resolve_model(source, trust).family == "vae"


def vae_settings(context, trust):
    """`FineTuneVaeSettings` of a command; a `UserError` for an option that only a GAN has.

    Args:
        context: `typer.Context` of `ktg finetune`. Options that were not given are left to the settings, since a VAE
            has other defaults.
        trust: whether the user vouches for a source from the web.
    """
    given = {name: value for name, value in passed_options(context).items() if name not in FETCHED}
    known = [field.name for field in dataclasses.fields(FineTuneVaeSettings)]
    for name, value in given.items():
        if name not in known:
            hint = f"The source is a VAE, which has no such setting: leave --{name.replace('_', '-')} out."
            raise checks.user_error(name, "left out with a VAE", value, hint)
    return FineTuneVaeSettings(**given, trust=trust)


def refuse_vae_options(context):
    """Raises a `UserError` where an option that only a VAE has was given for another source."""
    for name, value in passed_options(context).items():
        if name in OWN:
            hint = f"The source is no VAE: leave --{name} out."
            raise checks.user_error(name, "left out without a VAE", value, hint)


def run_finetune_vae(settings, dry_run, json):
    """Adapts, or says what would be done, and prints the outcome."""
    RunFolder(settings.out).open("finetune", settings)  # before TensorFlow is loaded: what is refused costs no wait
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.report import vae_card
    from keras_transfer_gen.recipes.training.vae import plan_vae
    from keras_transfer_gen.recipes.training.vae.fine_tune_vae import fine_tune_vae

    with ConsoleReporter() as reporter:
        found = plan_vae.plan_vae(settings, reporter) if dry_run else fine_tune_vae(settings, reporter)
    if json:
        print_json(found)
    elif dry_run:
        print_table("what would be done", ["", ""], list(found.items()))
    else:
        title = f"{settings.out} at {found['kimg']:.1f} kimg, method {settings.method}"
        print_table(title, ["", "ELBO", "KID x 1000"], vae_card.elbo_rows(found))
        print(vae_card.elbo_note(found))
        for line in vae_card.verdicts(found):
            print(line)
        print(f"pictures, curves, model card and exports are in {settings.out}")
