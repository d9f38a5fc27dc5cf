"""The best model of a training so far, kept as a file beside its checkpoints."""

from keras_transfer_gen.training.checkpoint import save_model
from keras_transfer_gen.transfer.saved_model.files import beside


class BestModel:
    """Keeps the model with the highest value, the earliest of equals.

    Args:
        file: path of the `.keras` file.
        out: the RUN folder; SavedModels in it are named relative to that.
        value: the highest value before.
    """

    def __init__(self, file, out, value=float("-inf")):
        self.file, self.out, self.value = file, out, value

    def offer(self, model, value):
        """Saves a `GAN` or `VAE` where its value is above all before."""
        if value > self.value:
            self.value = value
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with beside(self.out):
                save_model(model, self.file)
