"""A GAN of any source as one file: `.keras`, or `.safetensors` with the weights alone."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.official import DISCRIMINATOR, GENERATOR, to_official
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.models.change_gan import change_gan
from keras_transfer_gen.recipes.models.load import load_source
from keras_transfer_gen.recipes.models.network_files import ARCH, open_network_file
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.recipes.models.resolve import NETWORK_FILE, resolve_model
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.weights.safetensors_file import write_safetensors

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


SUFFIXES = (".keras", ".safetensors")


def check_out(out: PathLike) -> Path:
    """Returns the path of a file to write, or raises a `UserError` for another ending or a folder."""
    path = Path(out)
    if path.suffix not in SUFFIXES:
        step = "Such as model.keras with out= (--out)."
        raise checks.user_error("out", f"a file that ends in {' or '.join(SUFFIXES)}", str(out), step)
    if path.is_dir():
        raise checks.file_error("out", "a file, not a folder", path, "Choose another name with out= (--out).")
    return path


def convert_model(
    source: PathLike | ModelRef,
    out: PathLike,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    changes: dict[str, Any] | None = None,
    report: Callable[[str], Any] | None = None,
) -> ModelSpec:
    """Writes a GAN as one file, on request in another shape.

    A `.keras` file holds the whole model: `load_gan` and every command take it. A `.safetensors` file holds the weights
    alone: those of StyleGAN2 by their official names and in the official layouts (docs/stylegan2.md), those of other
    networks by their paths.

    Args:
        source: what `load_gan` takes, such as a StyleGAN2 file.
        out: the file to write; an earlier one is replaced.
        trust: whether you vouch for a model from the web, see `load_gan`.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.
        changes: dict of arguments of `change_gan` for a StyleGAN2 of another shape, or None.
        report: function of a sentence, called with what became of the weights of another shape; or None.

    Returns:
        `ModelSpec` of the model.

    Raises:
        UserError, UserFileError: where the source can't be used, or `out` ends in another way.

    Example:
        >>> convert_model("ffhq.pkl", "ffhq.keras")  # doctest: +SKIP
    """
    path = check_out(out)
    gan = _open(prefetch(resolve_model(source, trust)), overrides)
    if changes:
        gan, lines = change_gan(gan, **changes)
        for line in lines if report else ():
            report(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".keras":
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder, path.name)
            gan.save(partial)
            partial.replace(path)
    else:
        facts = {"licence": gan.spec.licence, "source": gan.spec.source, "spec": json.dumps(gan.spec.to_dict())}
        write_safetensors(path, weights_of(gan), facts)
    return gan.spec


def weights_of(gan: GAN) -> dict[str, np.ndarray]:
    """All weights of a GAN by name: dict of name -> ndarray.

    Args:
        gan: `GAN`. Of the architecture `stylegan2` the names are the official ones after "G_ema.", "G." or "D."; else
            the paths after "ema_generator/", "generator/" or "discriminator/".
    """
    judge = without_lipschitz_bounded(gan.discriminator)
    if gan.spec.arch == ARCH:
        parts = {"G_ema": (GENERATOR, gan.ema_generator), "G": (GENERATOR, gan.generator), "D": (DISCRIMINATOR, judge)}
        return {f"{key}.{name}": array for key, part in parts.items() for name, array in to_official(*part).items()}
    parts = {"ema_generator": gan.ema_generator, "generator": gan.generator, "discriminator": judge}
    return {
        f"{role}/{path}": variable.numpy()
        for role, network in parts.items()
        for leaf in leaves(network)
        for path, variable in zip(leaf.variable_paths(), leaf.variables, strict=True)
    }


def _open(ref: ModelRef, overrides: SpecOverrides | None) -> GAN:
    """The `GAN` of a `ModelRef`; that of a StyleGAN2 file without optimizers, which would make its file larger."""
    if ref.kind == NETWORK_FILE:
        model, _ = open_network_file(ref.path, ref.name)
        if isinstance(model, GAN):
            return model
    return load_source(ref, overrides=overrides)[0]
