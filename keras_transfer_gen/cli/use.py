"""`ktg generate`, `ktg evaluate` and `ktg export`."""

from typing import Annotated, Any

import typer

from keras_transfer_gen import checks, tables
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_and_label_options, with_source_options
from keras_transfer_gen.recipes.models.export_formats import FORMATS, PARTS, QUANTIZE, check_format, check_options
from keras_transfer_gen.recipes.models.resolve import SAVED_MODEL
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid, count_images
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.specs import check_truncation
from keras_transfer_gen.training.sampling_options import check_draws_tokens, check_sampling

FEATURE_NETWORKS = tuple(tables.FEATURE_NETWORKS)
FORMAT_HELP = "; ".join(f"{name}: {row.help}" for name, row in FORMATS.items()) + "."


@guarded
@with_source_options
@checks.named(source="model", path="out", label="class")
def generate(
    model: o.Model,
    options: SourceOptions,
    out: Annotated[str, typer.Option("--out", help="Folder for 00000.png, ...; new, or of an earlier generate.")],
    num: Annotated[int, typer.Option("--num", help="How many images to generate.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Image i depends on this seed and on i alone.")] = 0,
    grid: o.Grid = None,
    truncation: Annotated[
        float | None, typer.Option("--truncation", help="In (0, 1]: less is safer and less varied.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="Class of all images: its name or number. Default: drawn for each image, as often as in training.",
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option("--style", help="Of classes such as people and people_fluent, those of a style: fluent."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", help="Of a VQ-VAE: below 1 is safer and less varied. Default: its own."),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option("--guidance", help="Of a VQ-VAE: 1.5 exaggerates the class, 1 does not. Default: its own."),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", help="Of a VQ-VAE: only the k likeliest tokens are drawn; 0 is all. Default: its own."),
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Generate images with a model."""
    # All that can be wrong with the options, before TensorFlow is loaded.
    checks.check_integer("num", num, next_step="Ask for at least one image with --num.")
    checks.check_integer("seed", seed, least=0, next_step="Give a whole number from 0 on with --seed.")
    if truncation is not None:
        check_truncation(truncation)
    values = {"temperature": temperature, "top_k": top_k, "guidance": guidance}
    sampling: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    check_sampling(**sampling)
    ref = options.prefetch(model)
    check_draws_tokens(sampling, ref.family == "vq", ref.kind == SAVED_MODEL)
    check_folder(out)
    if grid is not None:
        check_grid(grid, out)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.models.class_styles import choose_style
    from keras_transfer_gen.recipes.models.image_generators import open_model
    from keras_transfer_gen.recipes.output import image_folder as recipe
    from keras_transfer_gen.training.latents import numbered_classes

    generator, replaced = open_model(ref, overrides=options.overrides), count_images(out)
    number = generator.spec.class_number(label) if style is None else choose_style(generator, style, label)
    spec = generator.spec  # of which a style alone changes the shares
    with ConsoleReporter() as reporter:
        if not dry_run:
            images = recipe.generate_folder(generator, num, out, seed, truncation, reporter, number, sampling)
        elif replaced:
            reporter.say(f"would replace {count_of(replaced, 'earlier image')} in {out}")
    if not dry_run and grid is not None:
        with checks.named(out="grid"):
            classes = numbered_classes(range(num), spec, seed, number)
            recipe.write_grid(grid, images, spec=spec, classes=classes)
    outcome = {"model": model, "num": num, "seed": seed, "out": out, "grid": grid, "dry_run": dry_run}
    outcome |= {"replaced": replaced, **sampling}
    if style is not None:
        outcome["style"] = style
    if number is not None:
        outcome |= {"class": number, "class_name": spec.class_name(number)}
    print_outcome(outcome, json, f"{'would write' if dry_run else 'wrote'} {count_of(num, 'image')} to {out}")


@guarded
@with_source_and_label_options
@checks.named(source="model")
def evaluate(
    options: SourceOptions,
    model: o.OptionalModel = None,
    data: Annotated[str | None, typer.Option("--data", help="Real images to compare the model with.")] = None,
    fake: Annotated[str | None, typer.Option("--fake", help="In place of a model: generated images.")] = None,
    real: Annotated[str | None, typer.Option("--real", help="With --fake: real images.")] = None,
    num: Annotated[int, typer.Option("--num", help="How many images the model generates.")] = 500,
    image_size: Annotated[int, typer.Option("--image-size", help="With --fake: size to compare at.")] = 64,
    neighbours: Annotated[
        str | None, typer.Option("--neighbours", help="Write likely copies to this PNG file.")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--network", help=f"Feature network: {' | '.join(FEATURE_NETWORKS)}, or a .keras file or SavedModel."
        ),
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Measure generated images against real ones: KID, FID, precision, recall, density, coverage, near-copies.

    A model with classes is also measured class by class where the real images are labelled with its classes: in
    sub-folders of their names, or by --labels.
    """
    has_model = (model is not None and data is not None) and fake is None and real is None
    has_folders = (fake is not None and real is not None) and model is None and data is None
    if not (has_model or has_folders):
        raise checks.UserError("give a MODEL and --data, or --fake and --real without a model.")
    if has_folders and (options.overrides or options.sha256 or options.data_labels):
        raise checks.UserError("options that describe a MODEL, such as --labels, can't stand beside --fake and --real.")
    if network is not None:
        tables.check_feature_network(network)
    if neighbours is not None:
        check_sheet(neighbours, "neighbours")
    if has_model:
        ref = options.prefetch(model)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.models.image_generators import open_model
    from keras_transfer_gen.recipes.output.image_folder import write_png
    from keras_transfer_gen.recipes.report.class_table import HEADER
    from keras_transfer_gen.recipes.scoring import evaluate as recipe
    from keras_transfer_gen.recipes.scoring.near_copies import neighbour_sheet

    recipe.check_num(num)
    if has_model:
        generator = open_model(ref, overrides=options.overrides)
        with checks.named(images="data"):
            spec = generator.spec
            reference, real_set = recipe.read_real_set(data, spec.image_size, spec.channels, options.data_labels)
            real_images = real_set.images
        count = num
    else:
        generator = None
        with checks.named(images="fake", data="fake"):
            _, generated = recipe.read_real_images(fake, image_size, 3)
        with checks.named(images="real", data="real"):
            reference, real_images = recipe.read_real_images(real, image_size, 3)
        count = len(generated)
    if dry_run:
        planned = {
            "generated": count, "of": model if has_model else fake, "real": len(real_images), "reference": reference,
            "dry_run": True,
        }  # fmt: skip
        print_json(planned) if json else print_table("what would be compared", ["", ""], list(planned.items()))
        return
    names = {"real": "data"} if has_model else {"generated": "fake", "data": "real"}
    with ConsoleReporter() as reporter:
        if has_model:
            generated = generator.generate(num)
        with checks.named(**names):
            evaluation = recipe.evaluate_images(generated, real_images, reference, reporter, generator, network=network)
        if has_model:
            evaluation = recipe.add_classes(evaluation, generator, real_set, options.data_labels, reporter)
        for line in evaluation.cautions():
            reporter.say(line)
    if neighbours is not None:
        with checks.named(out="neighbours"):
            write_png(neighbours, neighbour_sheet(evaluation.generated, evaluation.neighbours))
    if json:
        print_json(evaluation.to_dict())
    else:
        print_table("evaluation", ["measure", "value", "meaning"], evaluation.rows())
        if evaluation.classes:
            print_table("classes", HEADER, evaluation.class_rows())
        print(evaluation.against())


@guarded
@with_source_options
@checks.named(source="model", path="out")
def export(
    model: o.Model,
    options: SourceOptions,
    format: Annotated[str, typer.Option("--format", help=FORMAT_HELP)],
    out: Annotated[str, typer.Option("--out", help="Folder or file to write, as the format says.")],
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="tflite: images of one call, fixed in the file. Default: 1.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            help="tflite, onnx, openvino: sampler; of a VAE encoder | decoder; of a StyleGAN2 mapping | "
            "synthesis. Default: sampler.",
        ),  # fmt: skip
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option("--quantize", help=f"tflite, web: {' | '.join(QUANTIZE)}. Default: none, which is float32."),
    ] = None,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Write a model for TF Serving, phones, browsers and other runtimes, and compare it with the model."""
    check_format(format)
    received = check_options(format, {"batch_size": batch_size, "part": part, "quantize": quantize})
    if batch_size is not None:
        checks.check_integer("batch_size", batch_size, next_step="Such as --batch-size 8.")
    if part is not None:
        checks.check_choice("part", part, PARTS, "Set it with --part.")
    if quantize is not None:
        checks.check_choice("quantize", quantize, QUANTIZE, "Set it with --quantize.")
    ref = options.prefetch(model)
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.recipes.models import export as recipe

    generator = recipe.load_exported(ref, overrides=options.overrides)
    if not dry_run:
        card = {"card": recipe.served_card(ref, recipe.spec_of(generator))} if FORMATS[format].takes_card else {}
        FORMATS[format].load()(generator, out, **received, **card)
    outcome = {"model": model, "format": format, "out": out, "dry_run": dry_run, **received}
    line = f"{'would write' if dry_run else 'wrote and checked'} {out}"
    if (format, quantize) == ("tflite", "int8") and not dry_run:
        outcome["float_layers"] = recipe.float_layers(out)
        if outcome["float_layers"]:
            line += f"; computed in float32, so that the images are good enough: {', '.join(outcome['float_layers'])}"
    print_outcome(outcome, json, line)
