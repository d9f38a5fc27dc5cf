"""`ktg finetune` and `ktg pretrain`. Each default is the one of recipes/settings/gan.py."""

import dataclasses
from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import finetune_vae
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.pretrain_vae import refuse_vae_options, run_pretrain_vae, vae_settings
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options
from keras_transfer_gen.recipes.models.resolve import keeps_source
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.fine_tune_vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.pretrain_vae import PretrainVaeSettings
from keras_transfer_gen.specs import FAMILIES

METHODS_HELP = (
    f"full, bsa or minegan; of a VAE decoder, bsa, prior, anchored or full, by default {FineTuneVaeSettings.method}."
)


@guarded
@with_source_options
def finetune(
    context: typer.Context,
    data: o.Data,
    source: Annotated[
        str,
        typer.Option("--source", help="Preset, RUN, .keras file or SavedModel (folder, .tar.gz, handle) to adapt."),
    ],
    out: o.Out,
    options: SourceOptions,
    kimg: o.Kimg = FineTuneSettings.kimg,
    minutes: o.Minutes = FineTuneSettings.minutes,
    batch_size: o.BatchSize = FineTuneSettings.batch_size,
    seed: o.Seed = FineTuneSettings.seed,
    method: Annotated[str, typer.Option("--method", help=METHODS_HELP)] = FineTuneSettings.method,
    image_adapter: Annotated[
        bool, typer.Option("--image-adapter", help="With minegan: also a small network behind the generator.")
    ] = FineTuneSettings.image_adapter,
    freeze: Annotated[list[str] | None, typer.Option("--freeze", help='"PATH_REGEX=false", again and again.')] = None,
    freeze_d: Annotated[int, typer.Option("--freeze-d", help="Blocks of the discriminator to freeze, image side.")] = 0,
    feature_weight: Annotated[
        float | None,
        typer.Option(
            "--feature-weight",
            help="How much the discriminator's heads on a network trained on photographs count; 0: none. "
            "By default 0.05, for far images 0.25.",
        ),
    ] = FineTuneSettings.feature_weight,
    latent_selection_kimg: Annotated[
        float,
        typer.Option("--latent-selection-kimg", help="Kimg in which the discriminator alone learns to choose latents."),
    ] = FineTuneSettings.latent_selection_kimg,
    warmup_kimg: Annotated[
        float | None,
        typer.Option("--warmup-kimg", help="Kimg in which the new discriminator of a source without one learns alone."),
    ] = FineTuneSettings.warmup_kimg,
    augment: o.Augment = FineTuneSettings.augment,
    reference: o.ReferenceOption = FineTuneSettings.reference,
    compare_scratch: Annotated[bool, typer.Option("--compare-scratch", help="Also train from scratch.")] = False,
    select: Annotated[
        str, typer.Option("--select", help="best (lowest KID to the training images on the way) or last weights.")
    ] = FineTuneSettings.select,
    objective: o.Objective = FineTuneSettings.objective,
    penalty: o.Penalty = FineTuneSettings.penalty,
    r1_gamma: o.Gamma = FineTuneSettings.r1_gamma,
    r1_interval: o.Every = FineTuneSettings.r1_interval,
    learning_rate: o.Rate = FineTuneSettings.learning_rate,
    g_lr_ratio: o.RateRatio = FineTuneSettings.g_lr_ratio,
    ema_halflife_kimg: o.Halflife = FineTuneSettings.ema_halflife_kimg,
    evaluate_every: o.EvaluateEvery = FineTuneSettings.evaluate_every_kimg,
    balance: o.Balance = FineTuneSettings.balance,
    fit: o.Fit = FineTuneSettings.resize_mode,
    background: o.Background = FineTuneSettings.background,
    precision: o.Precision = FineTuneSettings.precision,
    devices: o.Devices = FineTuneSettings.devices,
    deterministic: o.Deterministic = FineTuneSettings.deterministic,
    fresh: o.Fresh = FineTuneSettings.fresh,
    prior: o.Prior = FineTuneVaeSettings.prior,
    channels: Annotated[
        int | None, typer.Option("--channels", help="1 or 3, if not the source's.", rich_help_panel=o.OF_VAES)
    ] = FineTuneVaeSettings.channels,
    anchor: o.Anchor = FineTuneVaeSettings.anchor,
    l2sp: o.L2sp = FineTuneVaeSettings.l2sp,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Adapt a pretrained generator to your images, score it, and export it."""
    if finetune_vae.is_vae(source, method, out, fresh, options.trust):
        finetune_vae.run_finetune_vae(finetune_vae.vae_settings(context, options.trust), dry_run, json)
        return
    finetune_vae.refuse_vae_options(context)
    settings = FineTuneSettings(
        data=data, source=source, out=out, kimg=kimg, minutes=minutes, batch_size=batch_size, seed=seed,
        method=method, image_adapter=image_adapter, freeze=tuple(freeze or ()), freeze_d=freeze_d,
        feature_weight=feature_weight, latent_selection_kimg=latent_selection_kimg, warmup_kimg=warmup_kimg, augment=augment,
        reference=reference, compare_scratch=compare_scratch, select=select, objective=objective, penalty=penalty,
        r1_gamma=r1_gamma, r1_interval=r1_interval, learning_rate=learning_rate, g_lr_ratio=g_lr_ratio,
        ema_halflife_kimg=ema_halflife_kimg, evaluate_every_kimg=evaluate_every, balance=balance, resize_mode=fit,
        background=background, precision=precision, devices=devices, deterministic=deterministic, fresh=fresh,
        trust=options.trust, **dataclasses.asdict(options.overrides),
    )  # fmt: skip
    if not keeps_source(settings):
        options.prefetch(source)
    _train("finetune", settings, dry_run, json)


@guarded
def pretrain(
    context: typer.Context,
    data: o.Data,
    out: o.Out,
    model: Annotated[str, typer.Option("--model", help="gan or vae; a VAE has defaults of its own.")] = "gan",
    arch: Annotated[
        str,
        typer.Option(
            "--arch",
            help=f"dcgan; of a VAE conv_vae or conv_vae_plain, by default {PretrainVaeSettings.arch}.",
        ),
    ] = PretrainSettings.arch,
    image_size: o.ImageSize = PretrainSettings.image_size,
    channels: o.Channels = PretrainSettings.channels,
    latent_dim: Annotated[
        int,
        typer.Option(
            "--latent-dim",
            help=f"Length of a latent vector; of a VAE {PretrainVaeSettings.latent_dim} by default.",
        ),
    ] = PretrainSettings.latent_dim,
    max_channels: o.Width = PretrainSettings.max_channels,
    min_channels: o.LeastWidth = PretrainSettings.min_channels,
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
    r1_interval: o.Every = PretrainSettings.r1_interval,
    learning_rate: o.Rate = PretrainSettings.learning_rate,
    g_lr_ratio: o.RateRatio = PretrainSettings.g_lr_ratio,
    ema_halflife_kimg: o.Halflife = PretrainSettings.ema_halflife_kimg,
    evaluate_every: o.EvaluateEvery = PretrainSettings.evaluate_every_kimg,
    balance: o.Balance = PretrainSettings.balance,
    fit: o.Fit = PretrainSettings.resize_mode,
    background: o.Background = PretrainSettings.background,
    precision: o.Precision = PretrainSettings.precision,
    likelihood: o.Likelihood = PretrainVaeSettings.likelihood,
    beta: o.Beta = PretrainVaeSettings.beta,
    free_bits: o.FreeBits = PretrainVaeSettings.free_bits,
    kl_annealing_kimg: o.KlWarmup = PretrainVaeSettings.kl_annealing_kimg,
    prior: o.Prior = PretrainVaeSettings.prior,
    devices: o.Devices = PretrainSettings.devices,
    deterministic: o.Deterministic = PretrainSettings.deterministic,
    fresh: o.Fresh = PretrainSettings.fresh,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Train a generator from nothing: a new source for later fine-tuning."""
    checks.check_choice("model", model, FAMILIES, "Set it with --model.")
    if model == "vae":
        run_pretrain_vae(vae_settings(context), dry_run, json)
        return
    refuse_vae_options(context)
    settings = PretrainSettings(
        data=data, out=out, arch=arch, image_size=image_size, channels=channels, latent_dim=latent_dim, max_channels=max_channels,
        min_channels=min_channels, licence=licence, kimg=kimg, minutes=minutes, batch_size=batch_size, seed=seed,
        augment=augment,
        reference=reference, objective=objective, penalty=penalty, r1_gamma=r1_gamma, r1_interval=r1_interval,
        learning_rate=learning_rate, g_lr_ratio=g_lr_ratio, ema_halflife_kimg=ema_halflife_kimg,
        evaluate_every_kimg=evaluate_every, balance=balance, resize_mode=fit,
        background=background, precision=precision, devices=devices, deterministic=deterministic, fresh=fresh,
    )  # fmt: skip
    _train("pretrain", settings, dry_run, json)


def _train(command, settings, dry_run, json):
    RunFolder(settings.out).open(command, settings)  # before TensorFlow is loaded: what is refused costs no wait
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.report import card
    from keras_transfer_gen.recipes.training import plan
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune
    from keras_transfer_gen.recipes.training.pretrain import pretrain as pretrain_recipe

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
        best = metrics.get("best_kimg")  # a run that finished before there was one has none
        chosen = "" if best is None else f" (kept: the weights at {best:.2f} kimg)"
        title = f"{settings.out} at {metrics['kimg']:.1f} kimg{chosen}"
        print_table(title, ["", "KID x 1000"], card.score_rows(metrics))
        print(card.score_note(metrics))
        for line in card.verdicts(metrics):
            print(line)
        print(f"pictures, curves, model card and exports are in {settings.out}")
