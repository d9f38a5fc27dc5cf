"""`ktg finetune` and `ktg pretrain`. Each default is the one of recipes/settings.py."""

from typing import Annotated

import typer

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.recipes.locate import locate
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.recipes.settings import FineTuneSettings, PretrainSettings


@guarded
def finetune(
    data: o.Data,
    source: Annotated[str, typer.Option("--source", help="Preset name, RUN folder or .keras file to start from.")],
    out: o.Out,
    kimg: o.Kimg = FineTuneSettings.kimg,
    minutes: o.Minutes = FineTuneSettings.minutes,
    batch_size: o.BatchSize = FineTuneSettings.batch_size,
    seed: o.Seed = FineTuneSettings.seed,
    freeze: Annotated[list[str] | None, typer.Option("--freeze", help='"PATH_REGEX=false", again and again.')] = None,
    freeze_d: Annotated[int, typer.Option("--freeze-d", help="Blocks of the discriminator to freeze, image side.")] = 0,
    mine_kimg: Annotated[
        float, typer.Option("--mine-kimg", help="Kimg in which the discriminator alone learns to choose latents.")
    ] = FineTuneSettings.mine_kimg,
    augment: o.Augment = FineTuneSettings.augment,
    reference: o.ReferenceOption = FineTuneSettings.reference,
    compare_scratch: Annotated[bool, typer.Option("--compare-scratch", help="Also train from scratch.")] = False,
    objective: o.Objective = FineTuneSettings.objective,
    penalty: o.Penalty = FineTuneSettings.penalty,
    r1_gamma: o.Gamma = FineTuneSettings.r1_gamma,
    r1_every: o.Every = FineTuneSettings.r1_every,
    learning_rate: o.Rate = FineTuneSettings.learning_rate,
    ema_halflife_kimg: o.Halflife = FineTuneSettings.ema_halflife_kimg,
    evaluate_every: o.EvaluateEvery = FineTuneSettings.evaluate_every_kimg,
    balance: o.Balance = FineTuneSettings.balance,
    fit: o.Fit = FineTuneSettings.image_fit,
    background: o.Background = FineTuneSettings.background,
    precision: o.Precision = FineTuneSettings.precision,
    devices: o.Devices = FineTuneSettings.devices,
    deterministic: o.Deterministic = FineTuneSettings.deterministic,
    fresh: o.Fresh = FineTuneSettings.fresh,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Adapt a pretrained generator to your pictures, score it, and export it."""
    settings = FineTuneSettings(
        data=data, source=source, out=out, kimg=kimg, minutes=minutes, batch_size=batch_size, seed=seed,
        freeze=tuple(freeze or ()), freeze_d=freeze_d, mine_kimg=mine_kimg, augment=augment, reference=reference,
        compare_scratch=compare_scratch, objective=objective, penalty=penalty, r1_gamma=r1_gamma, r1_every=r1_every,
        learning_rate=learning_rate, ema_halflife_kimg=ema_halflife_kimg,
        evaluate_every_kimg=evaluate_every, balance=balance, image_fit=fit,
        background=background, precision=precision, devices=devices, deterministic=deterministic, fresh=fresh,
    )  # fmt: skip
    locate(source, trust)
    _train("finetune", settings, dry_run, json)


@guarded
def pretrain(
    data: o.Data,
    out: o.Out,
    arch: Annotated[str, typer.Option("--arch", help="Networks to build: dcgan.")] = PretrainSettings.arch,
    image_size: o.ImageSize = PretrainSettings.image_size,
    channels: o.Channels = PretrainSettings.channels,
    width: o.Width = PretrainSettings.width,
    least_width: o.LeastWidth = PretrainSettings.least_width,
    licence: o.Licence = PretrainSettings.licence,
    kimg: o.Kimg = PretrainSettings.kimg,
    minutes: o.Minutes = PretrainSettings.minutes,
    batch_size: o.BatchSize = PretrainSettings.batch_size,
    seed: o.Seed = PretrainSettings.seed,
    augment: o.Augment = PretrainSettings.augment,
    reference: o.ReferenceOption = PretrainSettings.reference,
    objective: o.Objective = PretrainSettings.objective,
    penalty: o.Penalty = PretrainSettings.penalty,
    r1_gamma: o.Gamma = PretrainSettings.r1_gamma,
    r1_every: o.Every = PretrainSettings.r1_every,
    learning_rate: o.Rate = PretrainSettings.learning_rate,
    ema_halflife_kimg: o.Halflife = PretrainSettings.ema_halflife_kimg,
    evaluate_every: o.EvaluateEvery = PretrainSettings.evaluate_every_kimg,
    balance: o.Balance = PretrainSettings.balance,
    fit: o.Fit = PretrainSettings.image_fit,
    background: o.Background = PretrainSettings.background,
    precision: o.Precision = PretrainSettings.precision,
    devices: o.Devices = PretrainSettings.devices,
    deterministic: o.Deterministic = PretrainSettings.deterministic,
    fresh: o.Fresh = PretrainSettings.fresh,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Train a generator from nothing: a new source for later fine-tuning."""
    settings = PretrainSettings(
        data=data, out=out, arch=arch, image_size=image_size, channels=channels, width=width, least_width=least_width,
        licence=licence, kimg=kimg, minutes=minutes, batch_size=batch_size, seed=seed, augment=augment,
        reference=reference, objective=objective, penalty=penalty, r1_gamma=r1_gamma, r1_every=r1_every,
        learning_rate=learning_rate, ema_halflife_kimg=ema_halflife_kimg,
        evaluate_every_kimg=evaluate_every, balance=balance, image_fit=fit,
        background=background, precision=precision, devices=devices, deterministic=deterministic, fresh=fresh,
    )  # fmt: skip
    _train("pretrain", settings, dry_run, json)


def _train(command, settings, dry_run, json):
    RunFolder(settings.out).open(command, settings)  # before TensorFlow is loaded: what is refused costs no wait
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes import card, plan
    from keras_transfer_gen.recipes.fine_tune import fine_tune
    from keras_transfer_gen.recipes.pretrain import pretrain as pretrain_recipe

    with ConsoleReporter() as reporter:
        if dry_run:
            planned = plan.plan(command, settings, reporter)
        else:
            metrics = {"finetune": fine_tune, "pretrain": pretrain_recipe}[command](settings, reporter)
    if json:
        print_json(planned if dry_run else metrics)
    elif dry_run:
        print_table("what would be done", ["", ""], list(planned.items()))
    else:
        title = f"{settings.out} at {metrics['kimg']:.1f} kimg"
        print_table(title, ["", "KID x 1000"], card.score_rows(metrics))
        print(card.score_note(metrics))
        for line in card.verdicts(metrics):
            print(line)
        print(f"pictures, curves, model card and exports are in {settings.out}")
