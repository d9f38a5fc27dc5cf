"""`ktg convert`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options

OUT_HELP = "File to write: .keras holds the whole model, .safetensors its weights alone."


@guarded
@with_source_options
@checks.named(source="model", num_classes="classes")
def convert(
    model: o.Model,
    options: SourceOptions,
    out: Annotated[str, typer.Option("--out", help=OUT_HELP)],
    image_size: Annotated[
        int | None, typer.Option("--image-size", help="Of a StyleGAN2: another side of the images, in pixels.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option("--channels", help="Of a StyleGAN2: 1 (grey), 2, 3 (RGB) or 4 (RGBA).")
    ] = None,
    classes: Annotated[
        int | None, typer.Option("--classes", help="Of a StyleGAN2: another number of classes; 0 takes them away.")
    ] = None,
    mapping_layers: Annotated[
        int | None, typer.Option("--mapping-layers", help="Of a StyleGAN2: layers of the mapping network.")
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Write a GAN of any source, such as a StyleGAN2 file (.pkl, .pt), as one file; a StyleGAN2 in another shape."""
    changes = {
        "image_size": image_size, "channels": channels, "num_classes": classes, "mapping_layers": mapping_layers,
    }  # fmt: skip
    changes = {name: value for name, value in changes.items() if value is not None}
    ref = options.prefetch(model)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.recipes.models.convert import check_out, convert_model

    check_out(out)
    outcome = {"model": model, "out": out, "dry_run": dry_run}
    if not dry_run:
        with ConsoleReporter() as reporter:
            spec = convert_model(ref, out, overrides=options.overrides, changes=changes, report=reporter.say)
        outcome |= {"licence": spec.licence, "source": spec.source}
    print_outcome(outcome, json, f"{'would write' if dry_run else 'wrote'} {out}")
