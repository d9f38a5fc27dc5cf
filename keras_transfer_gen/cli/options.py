"""The options that several commands share, each written once."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout; progress stays on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and say what would be done; write nothing.")]
Trust = Annotated[bool, typer.Option("--trust", help="Allow a remote program as a model.", hidden=True)]
Model = Annotated[str, typer.Argument(help="Preset name, RUN folder, .keras file or exported SavedModel.")]
OptionalModel = Annotated[str | None, typer.Argument(help="Preset name, RUN, .keras file or exported SavedModel.")]
Data = Annotated[str, typer.Option("--data", help='Folder, zip, npz, npy or "tfds:NAME[split]" of pictures.')]
Out = Annotated[str, typer.Option("--out", help="RUN folder to write, or to continue.")]
Kimg = Annotated[float, typer.Option("--kimg", help="Thousands of real images to show in all.")]
ImageSize = Annotated[int, typer.Option("--image-size", help="28, 32, 64, 128 or 256 pixels.")]
Channels = Annotated[int, typer.Option("--channels", help="1 (grey) or 3 (RGB).")]
Width = Annotated[int, typer.Option("--width", help="Channels of the smallest feature map.")]
LeastWidth = Annotated[int, typer.Option("--least-width", help="Channels of a feature map at least.")]
Licence = Annotated[str, typer.Option("--licence", help="Terms of the pictures, for the model card.")]
Grid = Annotated[str | None, typer.Option("--grid", help="Also write a contact sheet to this PNG file.")]
NeighboursOption = Annotated[str | None, typer.Option("--neighbours", help="Write likely copies to this PNG file.")]
Truncation = Annotated[float | None, typer.Option("--truncation", help="In (0, 1]: less is safer, less varied.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Bound on the training time, in minutes.")]
BatchSize = Annotated[int, typer.Option("--batch-size", help="Images in a step, over all devices.")]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random, from 0 on.")]
Augment = Annotated[str, typer.Option("--augment", help="diffaugment or none.")]
Objective = Annotated[str, typer.Option("--objective", help="non_saturating, hinge or minimax.")]
Penalty = Annotated[str, typer.Option("--penalty", help="r1 or none.")]
Gamma = Annotated[float, typer.Option("--r1-gamma", help="Weight of the R1 penalty.")]
Every = Annotated[int, typer.Option("--r1-every", help="Steps from one R1 penalty to the next.")]
Rate = Annotated[float, typer.Option("--learning-rate", help="Of both Adam optimizers.")]
Halflife = Annotated[float, typer.Option("--ema-halflife-kimg", help="Longest half-life of the averaged generator.")]
ReferenceOption = Annotated[str | None, typer.Option("--reference", help="Pictures to score against.")]
Balance = Annotated[
    float, typer.Option("--balance", help="0 draws every picture alike, 1 one of each sub-folder; 0.5 lies between.")
]
Fit = Annotated[str, typer.Option("--image-fit", help="crop or pad, for pictures that are not square.")]
Background = Annotated[str, typer.Option("--background", help="Under transparent pictures: white, black or #rrggbb.")]
Precision = Annotated[str, typer.Option("--precision", help="auto (measured), float32 or bfloat16.")]
Devices = Annotated[str, typer.Option("--devices", help='auto, or a list such as "gpu:0,gpu:1".')]
Deterministic = Annotated[bool, typer.Option("--deterministic", help="The same bits in every run, at some speed.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start again where an earlier run is in --out.")]
EvaluateEvery = Annotated[float | None, typer.Option("--evaluate-every", help="Kimg from one score to the next.")]
