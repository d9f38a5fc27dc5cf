"""One training of a VAE inside a run: optimizer, latest checkpoint, budget."""

import warnings

import keras

from keras_transfer_gen.recipes.runs import training_loop
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint
from keras_transfer_gen.training.vae import CollapseWarning
from keras_transfer_gen.transfer.saved_model.files import beside


def compile_vae(vae, settings, learning_rate=None, regularizers=()):
    """Compiles a VAE as the settings say."""
    rate = learning_rate or settings.learning_rate
    vae.compile(keras.optimizers.Adam(rate), regularizers=regularizers, seed=settings.seed)


def resume_vae_or(make, folder, strategy, settings, learning_rate=None):
    """The `Training` of the latest checkpoint in `folder`, or of the VAE that `make()` gives where there is none."""
    with strategy.scope():
        latest = latest_checkpoint(folder)
        if latest is None:
            return training_loop.Training(make())
        with beside(latest):
            vae, state = load_checkpoint(latest)
        vae.optimizer.learning_rate = learning_rate or settings.learning_rate
        return training_loop.Training(vae, state["seconds"], tuple(state["steady"]), state["records"])


def train_vae(training, images, settings, folder, **options):
    """`training_run.train` with the same arguments, but without its warning of a collapse, of which the run tells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        training_loop.train(training, images, settings, folder, **options)
