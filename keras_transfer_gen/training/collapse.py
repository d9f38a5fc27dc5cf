"""The warning of a VAE whose latents carry next to nothing after training."""

from __future__ import annotations

import warnings
from typing import Any

from keras_transfer_gen import variational

JUDGED_KIMG = 5.0  # from here on, latents that carry nothing are a fault and no beginning


class CollapseWarning(UserWarning):
    """The latents of a trained VAE carry next to nothing.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("error", CollapseWarning)  # doctest: +SKIP
    """


def warn_of_collapse(vae: Any, history: dict[str, list[float]]) -> None:
    """Gives a `CollapseWarning` where the last epoch of a training says so; the message tells what to change.

    Args:
        vae: `VAE`.
        history: dict of lists, an entry an epoch, as `keras.callbacks.History` has it.
    """
    if not history.get("kl_loss") or vae.kimg < max(JUDGED_KIMG, 2 * vae.kl_annealing_kimg):
        return
    text = variational.describe_collapse(history["kl_loss"][-1], int(history["active_units"][-1]), vae.spec.latent_dim)
    if text:
        warnings.warn(text, CollapseWarning, stacklevel=3)
