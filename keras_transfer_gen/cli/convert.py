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
@checks.named(source="model")
def convert(
    model: o.Model,
    options: SourceOptions,
    out: Annotated[str, typer.Option("--out", help=OUT_HELP)],
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Write a GAN of any source, such as a StyleGAN2 file (.pkl, .pt), as one file."""
    ref = options.prefetch(model)
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.recipes.models.convert import check_out, convert_model

    check_out(out)
    outcome = {"model": model, "out": out, "dry_run": dry_run}
    if not dry_run:
        spec = convert_model(ref, out, overrides=options.overrides)
        outcome |= {"licence": spec.licence, "source": spec.source}
    print_outcome(outcome, json, f"{'would write' if dry_run else 'wrote'} {out}")
