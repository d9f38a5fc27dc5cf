"""The best model of a training so far, kept as a file beside its checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import files
from keras_transfer_gen.training.checkpoint import save_model
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike


class BestModel:
    """Keeps the model with the highest value, the earliest of equals.

    Args:
        file: path of the `.keras` file.
        out: the RUN folder; SavedModels in it are named relative to that.
        value: the highest value before.
        say: function of a line of text, called where the disk is full; by default that is an error.
    """

    def __init__(
        self, file: Path, out: PathLike, value: float = float("-inf"), say: Callable[[str], Any] | None = None
    ) -> None:
        self.file, self.out, self.value, self.say = file, out, value, say

    def offer(self, model: keras.Model, value: float) -> None:
        """Saves a `GAN` or `VAE` where its value is above all before; where the disk is full, the one before stays."""
        if not value > self.value:  # NaN among others
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with beside(self.out):
                save_model(model, self.file)
        except OSError as error:
            if self.say is None or not files.is_no_room(error):
                raise
            kept = "the best ones before stay" if self.file.is_file() else "none are kept so far"
            self.say(f"the disk is full: the weights at {model.kimg:.2f} kimg, the best so far, are not kept; {kept}")
        else:
            self.value = value
