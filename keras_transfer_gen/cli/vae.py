"""What only a VAE or VQ-VAE can do: `ktg encode`, `decode`, `reconstruct`, `interpolate`, `edit` and `restyle`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid, count_images, names_in

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.latent_tools.restyle import Restyled
    from keras_transfer_gen.recipes.models.resolve import ModelRef


Vae = Annotated[
    str,
    typer.Argument(
        metavar="VAE", help="Preset name, RUN folder or .keras file of a VAE or VQ-VAE; SavedModel of a VAE."
    ),
]
Folder = Annotated[str, typer.Option("--out", help="Folder for 00000.png, ...; new, or of an earlier command.")]
Sheet = Annotated[str | None, typer.Option("--grid", help="Also write a sheet of images before and after, PNG.")]
Detail = Annotated[
    float, typer.Option("--detail", help="0 to 1: how much fine detail of the input is added; a VAE's images are soft.")
]


@guarded
def encode(
    vae: Vae,
    data: o.Data,
    out: Annotated[str, typer.Option("--out", help="File *.npz to write: z_mean and z_log_var, or tokens; and names.")],
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Write the latents, or the tokens, of images to a file."""
    ref = _check(vae, trust)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import encode as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".npz", "Such as --out latents.npz.")
    if dry_run:
        return _print_plan(ref, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        arrays = recipe.encode(ref, data, out, reporter=reporter)
    name = "tokens" if "tokens" in arrays else "z_mean"
    count, *sizes = arrays[name].shape
    outcome = {"model": vae, "num": count, "out": out, "dry_run": False}
    outcome |= {"grid": sizes} if name == "tokens" else {"latent_dim": sizes[0]}
    words = f"{'tokens' if name == 'tokens' else 'latents'} of {count_of(count, 'image')}"
    print_outcome(outcome, json, f"wrote the {words}, {' x '.join(map(str, sizes))} numbers each, to {out}")


@guarded
def decode(
    vae: Vae,
    latents: Annotated[str, typer.Option("--latents", help="File of `ktg encode`, or .npy of N latents or tokens.")],
    out: Folder,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Draw the images of latents or tokens."""
    ref = _check(vae, trust)
    check_folder(out)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import decode as recipe

    if dry_run:
        recipe.read_latents(latents)
        return _print_plan(ref, {}, out, json)
    with ConsoleReporter() as reporter:
        images = recipe.decode(ref, latents, out, reporter=reporter)
    outcome = {"model": vae, "latents": latents, "num": len(images), "out": out, "dry_run": False}
    print_outcome(outcome, json, f"wrote {count_of(len(images), 'image')} to {out}")


@guarded
def reconstruct(
    vae: Vae,
    data: o.Data,
    out: Folder,
    grid: Sheet = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Encode and decode images, and write what the model keeps of them."""
    ref = _check(vae, trust, out, grid)
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import reconstruct as recipe

    if dry_run:
        return _print_plan(ref, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.reconstruct(ref, data, out, grid, reporter=reporter)
    line = (
        f"wrote {count_of(len(result.images), 'image')} to {out}; on average {result.mean_levels:.1f} of 255 levels "
        f"from the input, edge similarity {result.edge_similarity:.2f}"
    )
    outcome = {"model": vae, "out": out, "grid": grid, "dry_run": False, **result.to_dict(), "names": names_in(out)}
    print_outcome(outcome, json, line)


@guarded
def interpolate(
    vae: Vae,
    out: Annotated[str, typer.Option("--out", help="File *.gif to write.")],
    start: Annotated[str | None, typer.Option("--from", help="First image. Default: drawn, as the last one.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last image; give it with --from.")] = None,
    frames: Annotated[int, typer.Option("--frames", help="Images from one end to the other.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Of drawn latents.")] = 0,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Write a film that leads from one image to another through the latent space."""
    checks.check_integer("frames", frames, least=2, next_step="Such as --frames 24.")
    ref = _check(vae, trust)
    from keras_transfer_gen.cli.console import print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import interpolate as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".gif", "Such as --out film.gif.")
    if dry_run:
        return _print_plan(ref, {}, out, json)
    images = recipe.interpolate(ref, out, start, end, frames, seed)
    outcome = {"model": vae, "from": start, "to": end, "frames": len(images), "out": out, "dry_run": False}
    print_outcome(outcome, json, f"wrote {count_of(len(images), 'frame')} to {out}")


@guarded
def edit(
    model: o.Model,
    out: Folder,
    data: Annotated[str | None, typer.Option("--data", help="Of a VAE or VQ-VAE: the images to change.")] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            help="Of a VQ-VAE: top | bottom | left | right, or an image that is white where pixels "
            "stay; the rest is drawn anew.",
        ),
    ] = None,
    positive: Annotated[str | None, typer.Option("--positive", help="Images that have the attribute.")] = None,
    negative: Annotated[
        str | None, typer.Option("--negative", help="Images without it, as similar as possible otherwise.")
    ] = None,
    strength: Annotated[float, typer.Option("--strength", help="1 is the whole difference; below 0: away.")] = 1.5,
    detail: Detail = 0.0,
    directions: Annotated[
        str | None, typer.Option("--directions", help="In place of --positive and --negative: file of ktg directions.")
    ] = None,
    direction: Annotated[int, typer.Option("--direction", help="Number of the direction in that file.")] = 0,
    latents: Annotated[
        str | None, typer.Option("--latents", help="With --directions: file of ktg project, to change its image.")
    ] = None,
    images: Annotated[
        str, typer.Option("--images", help="With --directions: numbers of the images of ktg generate to change.")
    ] = "0-7",
    layers: Annotated[
        str | None, typer.Option("--layers", help="With --directions: layers whose styles change. Default: all.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="With --directions: of the images; with --keep: of what is drawn.")
    ] = 0,
    grid: Sheet = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Change images along a direction (shown by example images, or of ktg directions), or draw a part of them anew."""
    if keep is not None:
        wrong = {"positive": positive, "negative": negative, "directions": directions, "latents": latents}
        _complete(_check(model, trust, out, grid), data, keep, out, grid, seed, wrong, dry_run, json)
        return
    examples = {"data": data, "positive": positive, "negative": negative}
    present = [name for name, value in examples.items() if value is not None]
    if directions is None and len(present) < len(examples):
        (missing, *_) = [name for name in examples if name not in present]
        hint = "Or give --directions, a file of `ktg directions`."
        raise checks.user_error(missing, "given, beside the other two of --data, --positive, --negative", None, hint)
    if directions is not None and present:
        hint = "A direction is either read from a file or shown by examples."
        raise checks.user_error(present[0], "left out beside --directions", examples[present[0]], hint)
    ref = _check(model, trust, out, grid)
    if directions is not None:
        arguments = {"direction": direction, "strength": strength, "numbers": images, "latents": latents}
        _edit_along(ref, directions, out, grid, {**arguments, "layers": layers, "seed": seed}, dry_run, json)
        return
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import edit as recipe

    if dry_run:
        return _print_plan(ref, examples, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.edit(ref, data, positive, negative, strength, detail, out, grid, reporter=reporter)
    line = (
        f"wrote {count_of(len(result.images), 'image')} to {out}; on the scale from --negative (0) to --positive (1) "
        f"they moved from {result.before:.2f} to {result.after:.2f} (their latents to {result.target:.2f}), edge "
        f"similarity to the input {result.edge_similarity:.2f}"
    )
    outcome = {"model": model, "out": out, "grid": grid, "dry_run": False, "strength": strength, "detail": detail}
    print_outcome({**outcome, **result.to_dict(), "names": names_in(out)}, json, line)


def _complete(
    ref: "ModelRef",
    data: str | None,
    keep: str,
    out: str,
    grid: str | None,
    seed: int,
    wrong: dict[str, str | None],
    dry_run: bool,
    json: bool,
) -> None:
    """`ktg edit --keep`; `wrong` holds what can't stand beside it."""
    for name, value in wrong.items():
        if value is not None:
            raise checks.user_error(name, "left out beside --keep", value, "A part is kept, or a direction followed.")
    if data is None:
        raise checks.user_error("data", "given beside --keep", None, "Name the images with --data.")
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import complete as recipe

    if dry_run:
        return _print_plan(ref, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.complete(ref, data, keep, out, grid, seed, reporter=reporter)
    outcome = {"model": ref.name, "keep": keep, "out": out, "grid": grid, "dry_run": False, **result.to_dict()}
    line = f"wrote {count_of(len(result.images), 'image')} to {out}; {100 * result.kept:.0f} % of the tokens were kept"
    print_outcome({**outcome, "names": names_in(out)}, json, line)


def _edit_along(
    ref: "ModelRef",
    directions: str,
    out: str | None,
    grid: str | None,
    arguments: dict[str, Any],
    dry_run: bool,
    json: bool,
) -> None:
    """`ktg edit --directions`; `arguments` are those of `edit_along`."""
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools.edit_along import edit_along
    from keras_transfer_gen.recipes.output.image_folder import write_png
    from keras_transfer_gen.recipes.report.sheets import side_by_side

    with ConsoleReporter() as reporter:
        target = None if dry_run else out
        before, after = edit_along(ref, directions, out=target, reporter=reporter, **arguments)
    if grid is not None and not dry_run:
        with checks.named(out="grid"):
            write_png(grid, side_by_side([("before", before), ("after", after)]))
    words = f"{'would write' if dry_run else 'wrote'} {count_of(len(after), 'image')} to {out}"
    facts = {name: arguments[name] for name in ("direction", "strength")}
    print_outcome({"model": ref.name, "num": len(after), "out": out, "dry_run": dry_run, **facts}, json, words)


@guarded
def restyle(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="RUN folder of a VAE or VQ-VAE that `ktg finetune` adapted.")
    ],
    data: o.Data,
    out: Folder,
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="Images in the style, to score against. Default: those of the RUN."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The VAE before it was adapted. Default: the RUN's.")
    ] = None,
    detail: Annotated[
        float, typer.Option("--detail", help="0: what the adapted decoder draws; 1: the input in its colours.")
    ] = 1.0,
    grid: Sheet = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Give images the style of those that a VAE or VQ-VAE was adapted to."""
    ref = _check(run, trust, out, grid, name="run")
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome, print_table
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import restyle as recipe

    if dry_run:
        return _print_plan(ref, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        result = recipe.restyle(run, data, out, reference, source, detail, grid, trust, reporter)
    outcome = {"run": run, "out": out, "grid": grid, "dry_run": False, **result.to_dict()}
    if not json:
        print_table("restyled", ["measure", "restyled", "plain", "input"], _rows(result))
    line = f"wrote {count_of(len(result.images), 'image')} to {out}"
    print_outcome({**outcome, "names": names_in(out)}, json, line)


def _rows(restyled: "Restyled") -> list[list[str]]:
    edges = [f"{value:.2f}" for value in (restyled.edge_similarity, restyled.edge_similarity_plain)]
    rows = [["edge similarity to the input", *edges, "1"]]
    if restyled.kid is not None:
        kids = (restyled.kid, restyled.kid_plain, restyled.kid_input)
        rows.append(["KID x 1000 to the target", *(f"{kid['value']:.1f} ± {kid['std']:.1f}" for kid in kids)])
    return rows


def _check(model: str, trust: bool, out: str | None = None, grid: str | None = None, name: str = "model") -> "ModelRef":
    """The `ModelRef` of a model; refuses paths that can't be written. Loads no TensorFlow."""
    with checks.named(source=name):
        ref = resolve_model(model, trust)
    if out is not None:
        check_folder(out)
    if grid is not None:
        check_grid(grid, out)
    return ref


def _print_plan(ref: "ModelRef", sources: dict[str, Any], out: str | None, json: bool) -> None:
    """Loads the model and reads the images, writes nothing, and prints what the command would do."""
    from keras_transfer_gen.cli.console import ConsoleReporter, print_outcome
    from keras_transfer_gen.data.image_set import count_of
    from keras_transfer_gen.recipes.latent_tools import vae_inputs
    from keras_transfer_gen.recipes.latent_tools.autoencoders import open_autoencoder

    model = open_autoencoder(ref)
    with ConsoleReporter() as reporter:
        counts = {
            name: len(vae_inputs.read_model_images(source, model.spec, name, reporter).images)
            for name, source in sources.items()
        }
    plan = {"model": ref.name, **counts, "out": out, "replaced": count_images(out), "dry_run": True}
    listed = "".join(f", {count_of(count, 'image')} of {name}" for name, count in counts.items())
    print_outcome(plan, json, f"would write to {out}{listed}")
