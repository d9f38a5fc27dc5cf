"""From what a user calls a model (preset, RUN, `.keras` file) to a `VQVAE`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.models.resolve import KERAS, ModelRef, resolve_model
from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


def load_vq(source: PathLike | ModelRef, custom_objects: dict[str, Any] | None = None) -> VQVAE:
    """A `VQVAE`, always compiled, its prior too, ready to be frozen, compiled anew and fitted.

    Args:
        source: preset name, RUN folder or `.keras` file. Or a `ModelRef`.
        custom_objects: dict of name -> class or function that the file names and Keras does not know.

    Returns:
        `VQVAE`, compiled as its file says, or with the defaults of `VQVAE.compile` where the file does not say.

    Raises:
        UserError, UserFileError: where it can't be found or holds no VQ-VAE.

    Example:
        >>> tokens = load_vq("runs/mine").encode(images)  # doctest: +SKIP
    """
    checks.check_backend()
    ref = resolve_model(source)
    model = load_keras(ref.path, custom_objects) if ref.kind == KERAS else None
    if not isinstance(model, VQVAE):
        content = "a SavedModel or networks of another program" if model is None else f"a {type(model).__name__}"
        hint = f"It holds {content}. `ktg models` lists what is shipped."
        raise checks.user_error("source", "a model saved from a VQVAE", ref.name, hint)
    for part in (model, model.prior):
        if part is not None and not part.compiled:
            part.compile()
    return model
