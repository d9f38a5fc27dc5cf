"""The options that several commands share, each written once."""

from typing import Annotated

import typer

from keras_transfer_gen.recipes.settings.fine_tune_vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.pretrain_vae import PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vae_methods import VAE_METHODS
from keras_transfer_gen.specs import DISTRIBUTIONS
from keras_transfer_gen.transfer.saved_model.spec_overrides import PIXEL_RANGES

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout; progress stays on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and say what would be done; write nothing.")]
SAVED_MODEL = "SavedModel (folder, .tar.gz, TF Hub or Kaggle handle, https address)"
KINDS = f"preset, RUN folder, .keras file or {SAVED_MODEL}"
Model = Annotated[str, typer.Argument(help=f"A {KINDS}.")]
OptionalModel = Annotated[str | None, typer.Argument(help=f"A {KINDS}.")]
SavedModel = Annotated[str, typer.Argument(help=f"A {SAVED_MODEL}.")]
OF_OTHERS = "Models of others"  # heading of the next ones in --help; see source_options.py
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Fetch and run a model from the web: it is a program.", rich_help_panel=OF_OTHERS),
]
NoTrust = Annotated[bool, typer.Option("--trust", help="Of no effect here: nothing is fetched.", hidden=True)]
Offline = Annotated[
    bool, typer.Option("--offline", help="Make no request; take what was fetched earlier.", rich_help_panel=OF_OTHERS)
]
Sha256 = Annotated[
    str | None, typer.Option("--sha256", help="What the archive's SHA-256 must be, hex.", rich_help_panel=OF_OTHERS)
]
LatentDim = Annotated[
    int | None, typer.Option("--latent-dim", help="Length of a latent vector.", rich_help_panel=OF_OTHERS)
]
Distribution = Annotated[
    str | None,
    typer.Option(
        "--distribution",
        help="Distribution of the latents: " + ", ".join(DISTRIBUTIONS),
        rich_help_panel=OF_OTHERS,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option("--labels", help="none, one-hot, integer, or the number of classes.", rich_help_panel=OF_OTHERS),
]
PixelRange = Annotated[
    str | None,
    typer.Option("--pixel-range", help="Of its images: " + " or ".join(PIXEL_RANGES), rich_help_panel=OF_OTHERS),
]
Data = Annotated[str, typer.Option("--data", help='Folder, zip, npz, npy or "tfds:NAME[split]" of images.')]
Out = Annotated[str, typer.Option("--out", help="RUN folder to write, or to continue.")]
KIMG_OF_VAES = f"{FineTuneVaeSettings.kimg:g} (finetune) or {PretrainVaeSettings.kimg:g} (pretrain)"
Kimg = Annotated[
    float,
    typer.Option("--kimg", help=f"Thousands of real images to show in all; of a VAE {KIMG_OF_VAES} by default."),
]
ImageSize = Annotated[int, typer.Option("--image-size", help="28, 32, 64, 128 or 256 pixels.")]
Channels = Annotated[int, typer.Option("--channels", help="1 (grey) or 3 (RGB).")]
Width = Annotated[int, typer.Option("--max-channels", help="Channels of the smallest feature map.")]
LeastWidth = Annotated[int, typer.Option("--min-channels", help="Channels of a feature map at least.")]
Licence = Annotated[str, typer.Option("--licence", help="Terms of the images, for the model card.")]
Grid = Annotated[str | None, typer.Option("--grid", help="Also write a contact sheet to this PNG file.")]
NeighboursOption = Annotated[str | None, typer.Option("--neighbours", help="Write likely copies to this PNG file.")]
Truncation = Annotated[float | None, typer.Option("--truncation", help="In (0, 1]: less is safer, less varied.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Elbo on the training time, in minutes.")]
BATCH_OF_VAES = f"{FineTuneVaeSettings.batch_size} (finetune) or {PretrainVaeSettings.batch_size} (pretrain)"
BatchSize = Annotated[
    int,
    typer.Option("--batch-size", help=f"Images in a step, over all devices; of a VAE {BATCH_OF_VAES} by default."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random, from 0 on.")]
Augment = Annotated[str, typer.Option("--augment", help="diffaugment or none.")]
Objective = Annotated[str, typer.Option("--objective", help="non_saturating, hinge or minimax.")]
Penalty = Annotated[str, typer.Option("--penalty", help="r1 or none.")]
Gamma = Annotated[float, typer.Option("--r1-gamma", help="Weight of the R1 penalty.")]
Every = Annotated[int, typer.Option("--r1-interval", help="Steps from one R1 penalty to the next.")]
RATES_OF_VAES = ", ".join(f"{name} {how.rate:g}" for name, how in VAE_METHODS.items() if how.trains)
Rate = Annotated[
    float,
    typer.Option(
        "--learning-rate",
        help=f"Of the Adam optimizers (see --g-lr-ratio); of a VAE's by default "
        f"{PretrainVaeSettings.learning_rate:g} (pretrain) or the method's (finetune: {RATES_OF_VAES}).",
    ),
]
RateRatio = Annotated[
    float | None,
    typer.Option(
        "--g-lr-ratio", help="Generator's over discriminator's rate; by default 1 (pretrain) or 4 to 8 (finetune)."
    ),
]
Halflife = Annotated[float, typer.Option("--ema-halflife-kimg", help="Longest half-life of the averaged generator.")]
ReferenceOption = Annotated[str | None, typer.Option("--reference", help="ImageSet to score against.")]
Balance = Annotated[
    float, typer.Option("--balance", help="0 draws every image alike, 1 one of each sub-folder; 0.5 lies between.")
]
Fit = Annotated[str, typer.Option("--resize-mode", help="crop or pad, for images that are not square.")]
Background = Annotated[str, typer.Option("--background", help="Under transparent images: white, black or #rrggbb.")]
Precision = Annotated[str, typer.Option("--precision", help="auto (measured), float32 or bfloat16.")]
Devices = Annotated[str, typer.Option("--devices", help='auto, or a list such as "gpu:0,gpu:1".')]
Deterministic = Annotated[bool, typer.Option("--deterministic", help="The same bits in every run, at some speed.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start again where an earlier run is in --out.")]
EvaluateEvery = Annotated[float | None, typer.Option("--evaluate-every", help="Kimg from one score to the next.")]
OF_VAES = "VAEs"  # heading of the next ones in --help
Likelihood = Annotated[
    str,
    typer.Option("--likelihood", help="gaussian_optimal_sigma, bernoulli or l1.", rich_help_panel=OF_VAES),
]
Beta = Annotated[float, typer.Option("--beta", help="Weight of the KL divergence.", rich_help_panel=OF_VAES)]
FreeBits = Annotated[
    float, typer.Option("--free-bits", help="Nats that each latent dimension has for nothing.", rich_help_panel=OF_VAES)
]
KlWarmup = Annotated[
    float, typer.Option("--kl-annealing-kimg", help="Kimg over which the KL comes in.", rich_help_panel=OF_VAES)
]
Prior = Annotated[
    str,
    typer.Option("--prior", help="Drawn from afterwards: shrunk, full, mixture, standard.", rich_help_panel=OF_VAES),
]
Anchor = Annotated[
    float, typer.Option("--anchor", help="anchored: weight of the source's posterior.", rich_help_panel=OF_VAES)
]
L2sp = Annotated[float, typer.Option("--l2sp", help="anchored: weight of its weights.", rich_help_panel=OF_VAES)]
