"""Puts the style of the images that a VAE was adapted to on other images, whose content stays."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.maths.colour_map import follow_colours
from keras_transfer_gen.maths.residual_detail import check_detail
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.inputs.suggestions import not_suggesting
from keras_transfer_gen.recipes.latent_tools.autoencoders import codes_of, open_autoencoder
from keras_transfer_gen.recipes.latent_tools.outputs import check_outputs, write_outputs
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring import kid_protocol

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.training.vae import VAE


DETAIL = 1.0  # by default: what a decoder draws is softer than the image


@dataclasses.dataclass(frozen=True)
class Restyled:
    """What `restyle` returns.

    Args:
        images: uint8 `[N, S, S, C]`.
        edge_similarity: mean correlation of outlines with the input, in [-1, 1] (see `metrics.edge_similarity`).
        edge_similarity_plain: the same of the source's reconstructions.
        kid: score of the restyled images against the target's, as in metrics.json; None without a target.
        kid_input: the same of the input images.
        kid_plain: the same of their reconstructions by the source.
        detail: how much fine detail of the input was added.
    """

    images: np.ndarray
    edge_similarity: float
    edge_similarity_plain: float
    kid: dict[str, Any] | None
    kid_input: dict[str, Any] | None
    kid_plain: dict[str, Any] | None
    detail: float = DETAIL

    @property
    def kept(self) -> float | None:
        """Edge similarity, as a share of that of the source's reconstructions; None where those have none."""
        return self.edge_similarity / self.edge_similarity_plain if self.edge_similarity_plain > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        names = [field.name for field in dataclasses.fields(self)][1:]
        return {"num": len(self.images), **{name: getattr(self, name) for name in names}, "edges_kept": self.kept}


def restyle(
    run: PathLike | keras.Model,
    data: ImageSource,
    out: PathLike | None = None,
    reference: ImageSource | None = None,
    source: PathLike | keras.Model | None = None,
    detail: float = DETAIL,
    grid: PathLike | None = None,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> Restyled:
    """Encodes images with the source's encoder and decodes them with the adapted decoder.

    A decoder that was adapted while the encoder was frozen (`ktg finetune --method decoder` or `bsa`) decodes the same
    latents or tokens in another style. What it decodes is softer than the image. So with `detail` only the difference
    between both decoded images is added to the image itself, after its colours were matched to it (see `carry_over`).

    Args:
        run: RUN folder of a fine-tuned VAE or VQ-VAE; with `source`, also the adapted model or its name.
        data: the images: what `load_images` returns or takes.
        out: folder for 00000.png, ..., in the order of the images' names; None writes none.
        reference: images in the style, to score against; by default the reference of the RUN, or its training images.
        source: the model that was adapted, or its name; a RUN keeps it.
        detail: from 0, the adapted decoder's image, to 1, the input with the difference added.
        grid: PNG file for a sheet: input, reconstruction, restyled; None writes none.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Restyled`.

    Raises:
        UserError, UserFileError: where something can't be read, `run` keeps no source, or `out` holds other files.

    Example:
        >>> restyled = restyle("runs/mine", "other_photos/", out="restyled/")  # doctest: +SKIP
    """
    detail = check_detail(detail)
    check_outputs(out, grid)
    source, adapted, target = _models(run, source, trust)
    reference = target if reference is None else reference
    if source.spec.latent_dim != adapted.spec.latent_dim:
        expected = f"a VAE of {adapted.spec.latent_dim} latent dimensions, as the adapted one"
        raise checks.user_error("source", expected, source.spec.latent_dim)
    inputs = read_model_images(data, source.spec, reporter=reporter)
    codes = codes_of(source, inputs.images)
    plain, changed = source.decode(codes), adapted.decode(codes)
    images = changed
    if source.spec.channels == adapted.spec.channels:
        images = carry_over(inputs.images, plain, changed, detail)
    parts = [("input", inputs.images), ("plain", plain), ("restyled", images)]
    write_outputs(images, parts, inputs, out, grid, {"detail": detail}, reporter)
    kids = {}
    if reference is not None:
        with not_suggesting(data):
            real = read_model_images(reference, adapted.spec, "reference", reporter)
        against = kid_protocol.make_reference(
            real.images, real.source, progress=reporter.counter("features of the target")
        )
        kids = {
            name: kid_protocol.score_images(part, against, reporter.counter(f"score: {name}"))
            for name, part in (("kid", images), ("kid_input", inputs.images), ("kid_plain", plain))
        }
    edges, plain_edges = (float(edge_similarity(inputs.images, part).mean()) for part in (images, plain))
    scores = {name: kids.get(name) for name in ("kid", "kid_input", "kid_plain")}
    return Restyled(images, edges, plain_edges, **scores, detail=detail)


def carry_over(images: np.ndarray, plain: np.ndarray, changed: np.ndarray, detail: float = DETAIL) -> np.ndarray:
    """Adds the difference between two decoded images to the image itself.

    The difference is made a function of the image's colours first (`follow_colours`): so it carries colours over, and
    not blurred or misplaced outlines.

    Args:
        images: uint8 `[N, S, S, C]`.
        plain: uint8 `[N, S, S, C]`, as the source decodes them.
        changed: uint8 `[N, S, S, C]`, as the adapted decoder decodes them.
        detail: 0 gives `changed`, 1 the images with the difference added; between, a mixture of the two.

    Returns:
        uint8 `[N, S, S, C]`.

    Example:
        >>> grey = np.full((1, 8, 8, 1), 100, np.uint8)
        >>> int(carry_over(grey, grey, grey + 20)[0, 0, 0, 0])
        120
    """
    change = changed.astype(np.float64) - plain
    carried = images + follow_colours(images, change)
    mixed = detail * np.clip(carried, 0, 255) + (1 - detail) * changed
    return pixels.to_uint8(mixed / pixels.LEVELS - 1.0).numpy()


def _models(
    run: PathLike | keras.Model, source: PathLike | keras.Model | None, trust: bool
) -> tuple[VAE, VAE, str | None]:
    """(source VAE, adapted VAE, images of the target or None)."""
    folder = RunFolder(run) if isinstance(run, (str, os.PathLike)) else None
    if folder is None or not folder.exists:
        if source is None:
            hint = "`ktg finetune --source VAE` makes one. For another model, name its source with --source (source=)."
            name = run if folder is not None else type(run).__name__
            raise checks.file_error("run", "a RUN folder of a fine-tuned VAE", name, hint)
        with checks.named(model="run"):
            return open_autoencoder(source, trust), open_autoencoder(run, trust), None
    if source is None:
        kept = folder.source_vae_file
        if not kept.is_file():
            hint = "`ktg finetune` keeps it where its source is a VAE. Name it with --source (source=)."
            raise checks.file_error("run", f"a RUN that keeps its source ({kept.name})", run, hint)
        source = kept
    with checks.named(source="run"):
        adapted = open_autoencoder(run)
    settings = folder.config()["settings"]
    paths = (settings.get("reference"), settings.get("data"))
    target = next((path for path in paths if path and _exists(path)), None)
    return open_autoencoder(source, trust), adapted, target


def _exists(path: PathLike) -> bool:
    return str(path).startswith("tfds:") or os.path.exists(path)
