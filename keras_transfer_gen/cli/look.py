"""`ktg models`, `ktg models inspect`, `ktg info` and `ktg data check`."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import MISUSE, guarded
from keras_transfer_gen.cli.old_options import CommandWithOldOptions, no_effect_text, warn
from keras_transfer_gen.cli.setting_options import Arguments, with_settings
from keras_transfer_gen.cli.source_options import SourceOptions, with_source_options
from keras_transfer_gen.data.label_forms import check_form
from keras_transfer_gen.recipes.models.resolve import NETWORK_FILE
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.transfer.fetching.presets import list_presets

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.models.inspect_model import Inspection
    from keras_transfer_gen.recipes.models.resolve import ModelRef


models_app = typer.Typer(help="List the presets that come with the package, or look into a model.")


@models_app.callback(invoke_without_command=True)
@guarded
def models(
    context: typer.Context,
    json: o.Json = False,
    trust: Annotated[bool, typer.Option("--trust", hidden=True)] = False,
    debug: o.Debug = False,
) -> None:
    """List the presets that come with the package, or look into a model."""
    if trust:
        warn(no_effect_text("--trust"))
    if context.invoked_subcommand:
        return
    from keras_transfer_gen.cli.console import print_json, print_table

    presets = list_presets()
    if json:
        print_json([
            {
                "name": preset.name, "title": preset.title, "megabytes": preset.megabytes, "scores": preset.scores,
                **preset.spec.to_dict(),
            }
            for preset in presets
        ])  # fmt: skip
        return
    if not presets:
        print("no presets: this installation has none")
        return
    header = ["name", "images", "size", "KID x 1000", "licence"]
    rows = [
        (
            preset.name, f"{preset.image_size} px, {'RGB' if preset.channels == 3 else 'grey'}",
            f"{preset.megabytes:.1f} MB", "" if preset.kid is None else f"{preset.kid:.1f}", preset.licence,
        )
        for preset in presets
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
) -> None:
    """Show what a SavedModel takes and returns and what of it can be trained; print a Keras program that uses it.

    Of a file of StyleGAN2 networks (.pkl, .pt), show the networks; nothing in it is run.
    """
    if grid is not None:
        check_sheet(grid)
    ref = options.prefetch(source)  # before TensorFlow is loaded: a typing error costs no wait
    from keras_transfer_gen.cli.console import print_json

    if ref.kind == NETWORK_FILE:
        _inspect_network_file(ref, grid, json)
        return
    from keras_transfer_gen.recipes.models.inspect_model import IMAGES, inspect_model

    inspection = cast("Inspection", inspect_model(ref, overrides=options.overrides))  # files of networks went above
    if grid is not None:
        if inspection.generator is None:
            raise checks.user_error("grid", "left out for a model of no images", grid, inspection.no_generator)
        from keras_transfer_gen.recipes.output.image_folder import write_grid

        write_grid(grid, inspection.generator.generate(IMAGES))
    print_json(inspection.to_dict()) if json else _print_inspection(inspection)


def _inspect_network_file(ref: "ModelRef", grid: str | None, json: bool) -> None:
    """Describes a file of another program's networks; TensorFlow is loaded for a grid of images alone."""
    from keras_transfer_gen.cli.console import print_json, print_table
    from keras_transfer_gen.recipes.models.inspect_network_file import inspect_network_file

    inspection = inspect_network_file(ref)
    if json:
        print_json(inspection.to_dict())
    else:
        print_table(inspection.source, ["", ""], list(inspection.facts.items()))
        print_table("networks", ["", *inspection.networks], inspection.rows())
    if grid is not None:
        from keras_transfer_gen.recipes.models.image_generators import open_model
        from keras_transfer_gen.recipes.models.inspect_model import IMAGES
        from keras_transfer_gen.recipes.output.image_folder import write_grid

        write_grid(grid, open_model(ref).generate(IMAGES))


def _print_inspection(inspection: "Inspection") -> None:
    from keras_transfer_gen.cli.console import print_table

    rows = [
        (f"{function['kind']} {function['name']} {function['mode']}".rstrip(), side, name, words)
        for function in inspection.interfaces
        for side in ("inputs", "outputs")
        for name, words in function[side].items()
    ]
    print_table("what can be called", ["function", "side", "name", "type and shape"], rows)
    header = ["path", "shape", "parameters", "trainable", "source"]
    print_table("variables", header, [row.cells() for row in inspection.variables.rows])
    print(inspection.trained)
    if inspection.generator is None:
        print(inspection.no_generator)
    else:
        facts, reasons = inspection.generator.spec.to_dict(), inspection.measured.reasons
        rows = [(name, facts.get(name, ""), reasons.get(name, "")) for name in {**facts, **reasons}]
        print_table("measured", ["", "", ""], rows)
    if inspection.program:
        print(f"\n{inspection.program}")


@guarded
@with_source_options
@checks.named(source="model")
def info(
    model: o.Model,
    options: SourceOptions,
    layers: Annotated[bool, typer.Option("--layers", help="Also list every layer, as freezing rules name it.")] = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Show what is known about a model: sizes, latents, licence, layers."""
    from keras_transfer_gen.cli.console import print_json, print_table

    ref = options.prefetch(model)  # before TensorFlow is loaded: a typing error costs no wait
    from keras_transfer_gen.recipes.models.info import model_info

    facts = model_info(ref, layers, overrides=options.overrides)
    if json:
        print_json(facts)
        return
    report = facts.pop("layers", None)
    if "parameters" in facts:
        facts["parameters"] = ", ".join(f"{role} {count:,}" for role, count in facts["parameters"].items())
    print_table(model, ["", ""], list(facts.items()))
    if report is not None:
        from keras_transfer_gen.transfer.freezing.trainable_report import COLUMNS, Row

        print_table("layers", COLUMNS, [Row(**{**row, "shape": tuple(row["shape"])}).cells() for row in report])


IMAGES = ("image_size", "channels", "resize_mode", "background", "labels")  # the settings that say how images are read
data_app = typer.Typer(help="Look at images before training, and prepare them.", no_args_is_help=True)


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
) -> None:
    """Show which files are usable, which will be skipped and why, and which images are duplicates."""
    size, channels, mode, background, labels = (arguments.get(name, getattr(PretrainSettings, name)) for name in IMAGES)
    checks.check_image_shape(size, channels)
    check_form(labels)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json
    from keras_transfer_gen.recipes.inputs.check_data import check_data

    with ConsoleReporter() as reporter:
        checked = check_data(source, size, channels, mode, background, labels, preview, reporter)
    if json:
        print_json(checked.to_dict())
    else:
        print("\n".join(checked.lines()))
    if not checked.usable:
        raise typer.Exit(MISUSE)
