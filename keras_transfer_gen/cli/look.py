"""`ktg models`, `ktg models inspect`, `ktg info` and `ktg data check`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import MISUSE, guarded
from keras_transfer_gen.cli.old_options import CommandWithOldOptions
from keras_transfer_gen.cli.setting_options import Arguments, with_settings
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.transfer.fetching.presets import list_presets

models_app = typer.Typer(help="List the presets that come with the package, or look into a model.")


@models_app.callback(invoke_without_command=True)
@guarded
def models(context: typer.Context, json: o.Json = False, debug: o.Debug = False):
    """List the presets that come with the package, or look into a model."""
    if context.invoked_subcommand:
        return
    from keras_transfer_gen.cli.console import print_json, print_table

    presets = list_presets()
    if json:
        print_json([
            {"name": p.name, "title": p.title, "megabytes": p.megabytes, "scores": p.scores, **p.spec.to_dict()}
            for p in presets
        ])  # fmt: skip
        return
    if not presets:
        print("no presets: this installation has none")
        return
    header = ["name", "images", "size", "KID x 1000", "licence"]
    rows = [
        (p.name, f"{p.image_size} px, {p.channels} channels", f"{p.megabytes:.1f} MB",
         "" if p.kid is None else f"{p.kid:.1f}", p.licence)
        for p in presets
    ]  # fmt: skip
    print_table("presets", header, rows)


@models_app.command("inspect", cls=CommandWithOldOptions)
@guarded
@with_source_options
@checks.named(source="SOURCE", out="grid")
def inspect(
    source: o.SavedModel,
    options: SourceOptions,
    grid: o.Grid = None,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Say what a SavedModel takes, returns and can be trained in, and print a Keras program that uses it."""
    if grid is not None:
        check_sheet(grid)
    options.prefetch(source)  # before TensorFlow is loaded: a typing error costs no wait
    from keras_transfer_gen.cli.console import print_json
    from keras_transfer_gen.recipes.models.inspect_model import IMAGES, inspect_model

    found = inspect_model(source, options.trust, options.overrides)
    if grid is not None:
        if found.generator is None:
            raise checks.user_error("grid", "left out for what makes no images", grid, found.no_generator)
        from keras_transfer_gen.recipes.output.image_folder import write_grid

        write_grid(grid, found.generator.generate(IMAGES))
    print_json(found.to_dict()) if json else _print_inspection(found)


def _print_inspection(found):
    from keras_transfer_gen.cli.console import print_table

    rows = [
        (f"{one['kind']} {one['name']} {one['mode']}".rstrip(), side, name, words)
        for one in found.interfaces
        for side in ("inputs", "outputs")
        for name, words in one[side].items()
    ]
    print_table("what can be called", ["function", "side", "name", "type and shape"], rows)
    header = ["path", "shape", "parameters", "trainable", "source"]
    print_table("variables", header, [row.cells() for row in found.variables.rows])
    print(found.trained)
    if found.generator is None:
        print(found.no_generator)
    else:
        facts, reasons = found.generator.spec.to_dict(), found.measured.reasons
        rows = [(name, facts.get(name, ""), reasons.get(name, "")) for name in {**facts, **reasons}]
        print_table("measured", ["", "", ""], rows)
    if found.program:
        print(f"\n{found.program}")


@guarded
@with_source_options
@checks.named(source="model")
def info(
    model: o.Model,
    options: SourceOptions,
    layers: Annotated[bool, typer.Option("--layers", help="Also list every layer, as freezing rules name it.")] = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Show what is known of a model: sizes, latents, licence, layers."""
    from keras_transfer_gen.cli.console import print_json, print_table

    options.prefetch(model)  # before TensorFlow is loaded: a typing error costs no wait
    from keras_transfer_gen.recipes.models.info import model_info

    found = model_info(model, layers, options.trust, options.overrides)
    if json:
        print_json(found)
        return
    report = found.pop("layers", None)
    if "parameters" in found:
        found["parameters"] = ", ".join(f"{role} {count:,}" for role, count in found["parameters"].items())
    print_table(model, ["", ""], list(found.items()))
    if report is not None:
        from keras_transfer_gen.transfer.freezing.trainable_report import COLUMNS, Row

        print_table("layers", COLUMNS, [Row(**{**row, "shape": tuple(row["shape"])}).cells() for row in report])


IMAGES = ("image_size", "channels", "resize_mode", "background")  # the settings that say how images are read
data_app = typer.Typer(help="Look at images before training.", no_args_is_help=True)


@data_app.command("check", cls=CommandWithOldOptions)
@guarded
@with_settings(PretrainSettings, names=IMAGES)
@checks.named(data="SOURCE")
def check(
    *,
    source: Annotated[str, typer.Argument(help=r'Folder, zip, npz, npy or "tfds:NAME\[split]" of images.')],
    arguments: Arguments,
    preview: Annotated[str | None, typer.Option("--preview", help="Write a contact sheet to this PNG file.")] = None,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Say what is usable, what will be skipped and why, and which images are there twice."""
    size, channels, mode, background = (arguments.get(name, getattr(PretrainSettings, name)) for name in IMAGES)
    checks.check_image_shape(size, channels)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json
    from keras_transfer_gen.recipes.inputs.check_data import check_data

    with ConsoleReporter() as reporter:
        found = check_data(source, size, channels, mode, background, preview, reporter)
    if json:
        print_json(found.to_dict())
    else:
        print("\n".join(found.lines()))
    if not found.usable:
        raise typer.Exit(MISUSE)
