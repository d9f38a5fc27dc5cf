"""Tools in the latent space of any generator: `ktg project`, `mix`, `directions`, `walk` and `explore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.output.sheet_file import check_sheet

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.models.resolve import ModelRef


Seed = Annotated[int, typer.Option("--seed", help="Image i depends on this seed and on i alone.")]
Class = Annotated[
    str | None, typer.Option("--class", help="Class of all images, name or number, where there are some. Default: 0.")
]
Space = Annotated[str | None, typer.Option("--space", help="w (styles) or z. Default: w where there are styles.")]
Truncation = Annotated[float, typer.Option("--truncation", help="In (0, 1]: less is safer and less varied.")]
Images = Annotated[str, typer.Option("--images", help="Numbers of the images, as ktg generate has them: 0-3,7.")]
Sheet = Annotated[str | None, typer.Option("--grid", help="Also write a sheet to this PNG file.")]


@guarded
@checks.named(source="model")
def project(
    model: o.Model,
    image: Annotated[str, typer.Argument(help="The image to find, aligned as the model's own images are.")],
    out: Annotated[str, typer.Option("--out", help="File *.npz to write: latents, noise maps, distances.")],
    grid: Sheet = None,
    curve: Annotated[str | None, typer.Option("--curve", help="Also write the distance by step, PNG.")] = None,
    space: Space = None,
    each_layer: Annotated[
        bool, typer.Option("--each-layer", help="A style for each layer: nearer, but edits look worse.")
    ] = False,
    steps: Annotated[int, typer.Option("--steps", help="Steps of the optimiser.")] = 300,
    distance: Annotated[
        str, typer.Option("--distance", help="features, pixels, or the .keras file of a feature network.")
    ] = "features",
    seed: Seed = 0,
    label: Class = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Find the latent whose image is nearest to an image."""
    ref = resolve_model(model, trust)
    if not Path(image).is_file():
        raise checks.file_error("image", "an image file", image, "There is no such file.")
    for name, path in (("grid", grid), ("curve", curve)):
        if path is not None:
            check_sheet(path, name)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.recipes.latent_tools import project as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".npz", "Such as --out latents.npz.")
    if dry_run:
        return _print_plan(ref, space, label, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.project(
            ref, image, out, grid, curve, space, each_layer, steps, distance, seed, label=label, reporter=reporter
        )
    facts = result.to_dict()
    line = (
        f"wrote {out}; distance ({result.measured_by}) {facts['first_distance']:.3g} at first, "
        f"{result.distance:.3g} in the end"
    )
    print_outcome({"model": model, "image": image, "out": out, "dry_run": False, **facts}, json, line)


@guarded
@checks.named(source="model")
def mix(
    model: o.Model,
    out: Annotated[str, typer.Option("--out", help="Sheet to write, PNG.")],
    rows: Annotated[str, typer.Option("--rows", help="Numbers of the images in the first column: 0-3.")] = "0-3",
    columns: Annotated[str, typer.Option("--columns", help="Numbers of the images in the first row.")] = "4-7",
    layers: Annotated[
        str | None, typer.Option("--layers", help="Layers whose styles the columns give. Default: the first third.")
    ] = None,
    seed: Seed = 0,
    truncation: Truncation = 1.0,
    label: Class = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Mix the styles of images: coarse ones of one image, fine ones of another."""
    ref = resolve_model(model, trust)
    check_sheet(out, "out")
    parse_numbers(rows, "rows"), parse_numbers(columns, "columns")
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.recipes.latent_tools import mix as recipe

    if dry_run:
        return _print_plan(ref, "w", label, out, json)
    sheet = recipe.mix(ref, out, rows, columns, layers, seed, truncation, label=label)
    count = (sheet.shape[0] - 1) * (sheet.shape[1] - 1)
    outcome = {"model": model, "rows": rows, "columns": columns, "num": count, "out": out, "dry_run": False}
    print_outcome(outcome, json, f"wrote {count} mixed images to {out}")


@guarded
@checks.named(source="model")
def directions(
    model: o.Model,
    out: Annotated[str, typer.Option("--out", help="File *.npz to write, for ktg edit.")],
    grid: Sheet = None,
    num: Annotated[int, typer.Option("--num", help="How many directions.")] = 8,
    strength: Annotated[float, typer.Option("--strength", help="Of the sheet's ends, in deviations.")] = 3.0,
    images: Images = "0-2",
    space: Space = None,
    seed: Seed = 0,
    label: Class = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Find the directions of the latent space along which images change most."""
    ref = resolve_model(model, trust)
    parse_numbers(images, "images")
    if grid is not None:
        check_sheet(grid)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.recipes.latent_tools import directions as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".npz", "Such as --out directions.npz.")
    if dry_run:
        return _print_plan(ref, space, label, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.find_directions(
            ref, out, grid, num, strength, images, space, seed, label=label, reporter=reporter
        )
    strengths = [float(value) for value in result["strengths"]]
    outcome = {"model": model, "num": len(strengths), "strengths": strengths, "out": out, "grid": grid}
    print_outcome({**outcome, "dry_run": False}, json, f"wrote {len(strengths)} directions to {out}")


@guarded
@checks.named(source="model")
def walk(
    model: o.Model,
    out: Annotated[str, typer.Option("--out", help="Film to write: *.gif, *.webp, *.png (APNG) or *.mp4.")],
    images: Images = "0-5",
    frames: Annotated[int, typer.Option("--frames", help="Images from one to the next.")] = 24,
    rate: Annotated[float, typer.Option("--rate", help="Images a second.")] = 12.0,
    seed: Seed = 0,
    truncation: Truncation = 1.0,
    space: Space = None,
    label: Class = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Write a film that walks through generated images and ends where it began."""
    ref = resolve_model(model, trust)
    parse_numbers(images, "images")
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.recipes.latent_tools import walk as recipe
    from keras_transfer_gen.recipes.output.films import check_film

    check_film(Path(out))
    if dry_run:
        return _print_plan(ref, space, label, out, json)
    film = recipe.walk(ref, out, images, frames, rate, seed, truncation, space, label=label)
    outcome = {"model": model, "images": images, "frames": len(film), "out": out, "dry_run": False}
    print_outcome(outcome, json, f"wrote {len(film)} frames to {out}")


@guarded
@checks.named(source="model")
def explore(
    model: o.Model,
    out: Annotated[str, typer.Option("--out", help="File *.npz of the search; its sheet is the PNG file beside it.")],
    like: Annotated[
        str | None,
        typer.Option("--like", help="Numbers that you like of the last sheet: 0,3-5. Default: a new search."),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for the numbers again and again, until none is given.")
    ] = False,
    num: Annotated[int, typer.Option("--num", help="Images of a sheet.")] = 16,
    seed: Seed = 0,
    label: Class = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Show images to choose from; those that you like lead to more of that kind."""
    ref = resolve_model(model, trust)
    if like is not None:
        parse_numbers(like, "like")
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.recipes.latent_tools import explore as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    picture = str(check_file(out, ".npz", "Such as --out search.npz.").with_suffix(".png"))
    check_sheet(picture, "out")
    if dry_run:
        return _print_plan(ref, "z", label, out, json)
    with ConsoleReporter() as reporter:
        search = recipe.explore(ref, out, like, num, seed, label=label, reporter=reporter)
        while ask:
            reporter.say(f"{picture} shows images 0 to {len(search.latents) - 1}")
            numbers = typer.prompt(
                "which do you like (such as 0,3; empty ends)", default="", show_default=False, err=True
            )
            if not numbers.strip():
                break
            search.like(numbers)
            recipe.save_turn(search, Path(out), Path(picture), reporter)
    outcome = {
        "model": model, "turn": search.turn, "liked": len(search.liked), "num": len(search.latents), "out": out,
        "sheet": picture, "dry_run": False,
    }  # fmt: skip
    line = f"wrote {picture}; go on with: ktg explore {model} --out {out} --like NUMBERS"
    print_outcome(outcome, json, line)


def _print_plan(ref: "ModelRef", space: str | None, label: str | None, out: str, json: bool) -> None:
    """Opens the model, writes nothing, and prints what the command would do."""
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.recipes.latent_tools.latent_space import open_space

    opened = open_space(ref, space, label=label)
    plan = {"model": ref.name, "space": opened.name, "shape": list(opened.shape), "out": out, "dry_run": True}
    print_outcome(plan, json, f"would write {out} with latents of the space {opened.name}")
