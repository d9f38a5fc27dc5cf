"""`ktg finetune`, `ktg pretrain` and `ktg distill`: their options are those of the settings, of both families."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.completion import complete_models
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.families import make_settings, possible_settings, source_family
from keras_transfer_gen.cli.run_training import run_training
from keras_transfer_gen.cli.setting_options import Arguments, with_settings
from keras_transfer_gen.cli.settings_option import with_settings_file
from keras_transfer_gen.cli.source_options import prefetch_source
from keras_transfer_gen.recipes.models.resolve import keeps_source
from keras_transfer_gen.recipes.settings.distill import OPTIONS, DistillSettings
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings

FINETUNE = (FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings)
PRETRAIN = (PretrainSettings, PretrainVaeSettings, PretrainVqSettings)


@guarded
@with_settings_file("finetune", *FINETUNE)
@with_settings(*FINETUNE)
def finetune(
    arguments: Arguments,
    offline: o.Offline = False,
    sha256: o.Sha256 = None,
    dry_run: o.DryRun = False,
    json: o.TrainingJson = False,
    debug: o.TrainingDebug = False,
) -> None:
    """Adapt a pretrained generator to your images, score it, and export it."""
    family = source_family(arguments)
    settings = possible_settings(FINETUNE, family, arguments)
    if not keeps_source(settings):
        ref = prefetch_source(settings.source, settings.trust, sha256, offline)
        if family is None:
            settings = make_settings(FINETUNE, ref.family or "gan", arguments)
    run_training(settings, dry_run, json)


GROWING = {"latent_selection_kimg": 0.0, "g_lr_ratio": 1.0}  # all that the source generates is kept


@guarded
@with_settings_file("grow", FineTuneSettings)
@with_settings(FineTuneSettings, names=[name for name in settings_of(FineTuneSettings) if name != "source"])
def grow(
    source: Annotated[
        str,
        typer.Argument(help="The GAN to start from, as --source of `ktg finetune`.", autocompletion=complete_models),
    ],
    *,
    arguments: Arguments,
    offline: o.Offline = False,
    sha256: o.Sha256 = None,
    dry_run: o.DryRun = False,
    json: o.TrainingJson = False,
    debug: o.TrainingDebug = False,
) -> None:
    """Train a GAN on for larger images: `ktg finetune` whose networks begin as an enlargement of the source's."""
    if "image_size" not in arguments:
        step = "Give --image-size, twice the side of the source's images."
        raise checks.user_error("image_size", "the side of the images in pixels", None, step)
    settings = make_settings((FineTuneSettings,), "gan", {**GROWING, **arguments, "source": source})
    if not keeps_source(settings):
        prefetch_source(settings.source, settings.trust, sha256, offline)
    run_training(settings, dry_run, json)


@guarded
@with_settings_file("pretrain", *PRETRAIN)
@with_settings(*PRETRAIN)
def pretrain(
    *,
    model: Annotated[str, typer.Option("--model", help="gan, vae or vq.")] = "gan",
    arguments: Arguments,
    dry_run: o.DryRun = False,
    json: o.TrainingJson = False,
    debug: o.TrainingDebug = False,
) -> None:
    """Train a generator from nothing: a new source for later fine-tuning."""
    checks.check_choice("model", model, [cls.family for cls in PRETRAIN], "Set it with --model.")
    run_training(make_settings(PRETRAIN, model, arguments), dry_run, json)


@guarded
@checks.named(source="RUN")
@with_settings_file("distill", DistillSettings, names=("source", *OPTIONS))
@with_settings(DistillSettings, names=OPTIONS)
def distill(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="The teacher: a RUN folder, a preset or a .keras file of a GAN.",
            autocompletion=complete_models,
        ),
    ],
    arguments: Arguments,
    json: o.TrainingJson = False,
    debug: o.TrainingDebug = False,
) -> None:
    """Train a small generator that gives the images of a large one."""
    run_training(DistillSettings(source=source, **arguments), dry_run=False, json=json)
