"""`ktg generate`, `ktg evaluate` and `ktg export`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid, count_images
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.specs import check_truncation


@guarded
@with_source_options
@checks.named(source="model", path="out", label="class")
def generate(
    model: o.Model,
    options: SourceOptions,
    out: Annotated[str, typer.Option("--out", help="Folder for 00000.png, ...; new, or of an earlier generate.")],
    num: Annotated[int, typer.Option("--num", help="ImageSet to make.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Picture i depends on this seed and i alone.")] = 0,
    grid: o.Grid = None,
    truncation: Annotated[
        float | None, typer.Option("--truncation", help="In (0, 1]: less is safer, less varied.")
    ] = None,
    label: Annotated[
        int | None, typer.Option("--class", help="Class of all images, where the model takes some; drawn by default.")
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Make images with a model."""
    # All that can be wrong with the options, before TensorFlow is loaded.
    checks.check_integer("num", num, next_step="Ask for at least one image with --num.")
    checks.check_integer("seed", seed, least=0, next_step="Give a whole number from 0 on with --seed.")
    if truncation is not None:
        check_truncation(truncation)
    if label is not None:
        checks.check_integer("label", label, least=0, next_step="Give the number of a class with --class.")
    options.prefetch(model)
    check_folder(out)
    if grid is not None:
        check_grid(grid, out)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json
    from keras_transfer_gen.recipes.models.image_generators import open_model
    from keras_transfer_gen.recipes.output import image_folder as recipe
    from keras_transfer_gen.training.latents import check_label

    loaded, replaced = open_model(model, options.trust, options.overrides), count_images(out)
    check_label(label, loaded.spec.num_classes)
    with ConsoleReporter() as reporter:
        if not dry_run:
            images = recipe.generate_folder(loaded, num, out, seed, truncation, reporter, label)
        elif replaced:
            reporter.say(f"would replace {replaced} earlier images in {out}")
    if not dry_run and grid is not None:
        with checks.named(out="grid"):
            recipe.write_grid(grid, images)
    result = {"model": model, "num": num, "seed": seed, "out": out, "grid": grid, "dry_run": dry_run}
    result["replaced"] = replaced
    if label is not None:
        result["class"] = label
    if json:
        print_json(result)
    else:
        print(f"{'would write' if dry_run else 'wrote'} {num} {'image' if num == 1 else 'images'} to {out}")


@guarded
@with_source_options
@checks.named(source="model")
def evaluate(
    options: SourceOptions,
    model: o.OptionalModel = None,
    data: Annotated[str | None, typer.Option("--data", help="Real images to compare the model with.")] = None,
    fake: Annotated[str | None, typer.Option("--fake", help="Instead of a model: generated images.")] = None,
    real: Annotated[str | None, typer.Option("--real", help="With --fake: real images.")] = None,
    num: Annotated[int, typer.Option("--num", help="ImageSet that the model makes.")] = 500,
    image_size: Annotated[int, typer.Option("--image-size", help="With --fake: size to compare at.")] = 64,
    neighbours: Annotated[
        str | None, typer.Option("--neighbours", help="Write likely copies to this PNG file.")
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Measure generated images against real ones: KID, FID, precision, recall, density, coverage, near-copies."""
    pair = (model is not None and data is not None) and fake is None and real is None
    folders = (fake is not None and real is not None) and model is None and data is None
    if not (pair or folders):
        raise checks.UserError("give a MODEL and --data, or --fake and --real without a model.")
    if folders and (options.overrides or options.sha256):
        raise checks.UserError("what describes a MODEL (--labels and the like) has no place beside --fake and --real.")
    if neighbours is not None:
        check_sheet(neighbours, "neighbours")
    if pair:
        options.prefetch(model)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.models.image_generators import open_model
    from keras_transfer_gen.recipes.output.image_folder import write_png
    from keras_transfer_gen.recipes.scoring import evaluate as recipe
    from keras_transfer_gen.recipes.scoring.near_copies import neighbour_sheet

    recipe.check_num(num)
    if pair:
        loaded = open_model(model, options.trust, options.overrides)
        with checks.named(images="data"):
            name, real_images = recipe.read_real_images(data, loaded.spec.image_size, loaded.spec.channels)
        planned = {"made": num, "of": model}
    else:
        with checks.named(images="fake", data="fake"):
            _, made = recipe.read_real_images(fake, image_size, 3)
        with checks.named(images="real", data="real"):
            name, real_images = recipe.read_real_images(real, image_size, 3)
        planned = {"made": len(made), "of": fake}
    if dry_run:
        planned = {**planned, "real": len(real_images), "reference": name, "dry_run": True}
        print_json(planned) if json else print_table("what would be compared", ["", ""], list(planned.items()))
        return
    names = {"real": "data"} if pair else {"generated": "fake", "data": "real"}
    with ConsoleReporter() as reporter:
        generated = loaded.generate(num) if pair else made
        with checks.named(**names):
            found = recipe.evaluate_images(generated, real_images, name, reporter, loaded if pair else None)
        for line in found.cautions():
            reporter.say(line)
    if neighbours is not None:
        with checks.named(out="neighbours"):
            write_png(neighbours, neighbour_sheet(found.generated, found.neighbours))
    if json:
        print_json(found.to_dict())
    else:
        print_table("evaluation", ["measure", "value", "meaning"], found.rows())
        print(found.against())


@guarded
@with_source_options
@checks.named(source="model", path="out")
def export(
    model: o.Model,
    options: SourceOptions,
    format: Annotated[
        str,
        typer.Option(
            "--format", help="saved_model (TF Serving: give --out a numbered folder, such as cats/1) or tflite."
        ),
    ],
    out: Annotated[str, typer.Option("--out", help="Folder (saved_model) or file (tflite) to write.")],
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="tflite: images made in one call, fixed in the file; 1.")
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="tflite of a VAE: sampler (the default), encoder or decoder.")
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Write a model for TF Serving (saved_model) or for phones and browsers (tflite), and check it."""
    checks.check_choice("format", format, ["saved_model", "tflite"], "Set it with --format.")
    more = {}
    if batch_size is not None:
        more["batch_size"] = checks.check_integer("batch_size", batch_size, next_step="Such as --batch-size 8.")
        if format != "tflite":
            hint = "A SavedModel takes any number of latents. Leave --batch-size out, or give --format tflite."
            raise checks.user_error("batch_size", "left out with --format saved_model", batch_size, hint)
    if part is not None:
        more["part"] = checks.check_choice("part", part, ["sampler", "encoder", "decoder"])
        if format != "tflite":
            hint = "A SavedModel holds all of them. Leave --part out, or give --format tflite."
            raise checks.user_error("part", "left out with --format saved_model", part, hint)
    options.prefetch(model)
    from keras_transfer_gen.cli.console import print_json
    from keras_transfer_gen.recipes.models.export import FORMATS, load_exported

    exported = load_exported(model, options.trust, options.overrides)
    if not dry_run:
        FORMATS[format](exported, out, **more)
    result = {"model": model, "format": format, "out": out, "dry_run": dry_run, **more}
    if json:
        print_json(result)
    else:
        print(f"{'would write' if dry_run else 'wrote and checked'} {out}")
