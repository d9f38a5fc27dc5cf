"""What only a VAE can do: `ktg encode`, `decode`, `reconstruct`, `interpolate`, `edit` and `restyle`."""

from typing import Annotated

import typer

from keras_transfer_gen import checks
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid, count_images, names_in

Vae = Annotated[str, typer.Argument(metavar="VAE", help="Preset name, RUN folder, .keras file or SavedModel of a VAE.")]
Folder = Annotated[str, typer.Option("--out", help="Folder for 00000.png, ...; new, or of an earlier command.")]
Sheet = Annotated[str | None, typer.Option("--grid", help="Also write a sheet of images before and after, PNG.")]
Detail = Annotated[
    float, typer.Option("--detail", help="0 to 1: how much of the image itself is kept, which a VAE draws softly.")
]


@guarded
def encode(
    vae: Vae,
    data: o.Data,
    out: Annotated[str, typer.Option("--out", help="File *.npz: z_mean, z_log_var and names.")],
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Write the latents of images to a file."""
    _find(vae, trust)
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.latent_tools import encode as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".npz", "Such as --out latents.npz.")
    if dry_run:
        return _planned(vae, trust, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        found = recipe.encode(vae, data, out, trust, reporter)
    count, size = found["z_mean"].shape
    result = {"model": vae, "num": count, "latent_dim": size, "out": out, "dry_run": False}
    _told(result, json, f"wrote the latents of {count} images, {size} numbers each, to {out}")


@guarded
def decode(
    vae: Vae,
    latents: Annotated[str, typer.Option("--latents", help="File of `ktg encode`, or .npy, [N, latent size].")],
    out: Folder,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Draw the images of latents."""
    _find(vae, trust)
    check_folder(out)
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.latent_tools import decode as recipe

    if dry_run:
        recipe.read_latents(latents)
        return _planned(vae, trust, {}, out, json)
    with ConsoleReporter() as reporter:
        images = recipe.decode(vae, latents, out, trust, reporter)
    result = {"model": vae, "latents": latents, "num": len(images), "out": out, "dry_run": False}
    _told(result, json, f"wrote {len(images)} images to {out}")


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
):
    """Send images through a VAE and write what it keeps of them."""
    _find(vae, trust, out, grid)
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.latent_tools import reconstruct as recipe

    if dry_run:
        return _planned(vae, trust, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        found = recipe.reconstruct(vae, data, out, grid, trust, reporter)
    text = (
        f"wrote {len(found.images)} images to {out}; they are {found.mean_levels:.1f} of 255 levels from the input "
        f"on average, edge similarity {found.edge_similarity:.2f}"
    )
    told = {**found.to_dict(), "names": names_in(out)}
    _told({"model": vae, "out": out, "grid": grid, "dry_run": False, **told}, json, text)


@guarded
def interpolate(
    vae: Vae,
    out: Annotated[str, typer.Option("--out", help="File *.gif to write.")],
    start: Annotated[str | None, typer.Option("--from", help="Picture to begin with; drawn without it.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Picture to end with.")] = None,
    frames: Annotated[int, typer.Option("--frames", help="ImageSet from one end to the next.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Of drawn latents.")] = 0,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Film the way from one image to another through the latent space."""
    checks.check_integer("frames", frames, least=2, next_step="Such as --frames 24.")
    _find(vae, trust)
    from keras_transfer_gen.recipes.latent_tools import interpolate as recipe
    from keras_transfer_gen.recipes.latent_tools.outputs import check_file

    check_file(out, ".gif", "Such as --out film.gif.")
    if dry_run:
        return _planned(vae, trust, {}, out, json)
    images = recipe.interpolate(vae, out, start, end, frames, seed, trust)
    result = {"model": vae, "from": start, "to": end, "frames": len(images), "out": out, "dry_run": False}
    _told(result, json, f"wrote {len(images)} frames to {out}")


@guarded
def edit(
    vae: Vae,
    data: o.Data,
    positive: Annotated[str, typer.Option("--positive", help="ImageSet that have what is wanted.")],
    negative: Annotated[str, typer.Option("--negative", help="ImageSet that don't, as alike as can be otherwise.")],
    out: Folder,
    strength: Annotated[float, typer.Option("--strength", help="1 is the whole difference; below 0: away.")] = 1.5,
    detail: Detail = 0.0,
    grid: Sheet = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Change images along a direction that hand-picked images show."""
    _find(vae, trust, out, grid)
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.latent_tools import edit as recipe

    if dry_run:
        return _planned(vae, trust, {"data": data, "positive": positive, "negative": negative}, out, json)
    with ConsoleReporter() as reporter:
        found = recipe.edit(vae, data, positive, negative, strength, detail, out, grid, trust, reporter)
    text = (
        f"wrote {len(found.images)} images to {out}; from {found.before:.2f} to {found.after:.2f} (latents: "
        f"{found.target:.2f}) on the way from --negative (0) to --positive (1), edge similarity to the input "
        f"{found.edge_similarity:.2f}"
    )
    told = {"strength": strength, "detail": detail, **found.to_dict(), "names": names_in(out)}
    _told({"model": vae, "out": out, "grid": grid, "dry_run": False, **told}, json, text)


@guarded
def restyle(
    run: Annotated[str, typer.Argument(metavar="RUN", help="RUN folder of a VAE that `ktg finetune` adapted.")],
    data: o.Data,
    out: Folder,
    reference: Annotated[
        str | None, typer.Option("--reference", help="ImageSet of the target to score against; those of the RUN.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="The VAE that was adapted; kept in the RUN.")] = None,
    detail: Detail = 1.0,
    grid: Sheet = None,
    trust: o.Trust = False,
    dry_run: o.DryRun = False,
    json: o.Json = False,
    debug: o.Debug = False,
):
    """Put the style of the images that a VAE was adapted to on other images."""
    _find(run, trust, out, grid, name="run")
    from keras_transfer_gen.cli.console import ConsoleReporter, print_table
    from keras_transfer_gen.recipes.latent_tools import restyle as recipe

    if dry_run:
        return _planned(run, trust, {"data": data}, out, json)
    with ConsoleReporter() as reporter:
        found = recipe.restyle(run, data, out, reference, source, detail, grid, trust, reporter)
    told = {**found.to_dict(), "names": names_in(out)}
    result = {"run": run, "out": out, "grid": grid, "detail": detail, "dry_run": False, **told}
    if not json:
        print_table("restyled", ["measure", "restyled", "plain", "input"], _rows(found))
    _told(result, json, f"wrote {len(found.images)} images to {out}")


def _rows(found):
    edges = ["edge similarity to the input", f"{found.edge_similarity:.2f}", f"{found.edge_similarity_plain:.2f}", "1"]
    if found.kid is None:
        return [edges]
    kids = (found.kid, found.kid_plain, found.kid_input)
    return [edges, ["KID x 1000 to the target", *(f"{kid['value']:.1f} ± {kid['std']:.1f}" for kid in kids)]]


def _find(model, trust, out=None, grid=None, name="model"):
    """Refuses a model or places that can't be used, before TensorFlow is loaded."""
    with checks.named(source=name):
        resolve_model(model, trust)
    if out is not None:
        check_folder(out)
    if grid is not None:
        check_grid(grid, out)


def _planned(model, trust, sources, out, json):
    """What a command would do: the model is loaded and the images are read, nothing is written."""
    from keras_transfer_gen.cli.console import ConsoleReporter
    from keras_transfer_gen.recipes.latent_tools import vae_inputs

    vae = vae_inputs.open_vae(model, trust)
    with ConsoleReporter() as reporter:
        counts = {
            name: len(vae_inputs.read_model_images(source, vae.spec, name, reporter).images)
            for name, source in sources.items()
        }
    result = {"model": model, **counts, "out": out, "replaced": count_images(out), "dry_run": True}
    _told(result, json, f"would write to {out}" + "".join(f", {n} images of {name}" for name, n in counts.items()))


def _told(result, json, text):
    if json:
        from keras_transfer_gen.cli.console import print_json

        print_json(result)
    else:
        print(text)
