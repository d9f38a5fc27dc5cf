"""`ktg` with scores that take no time: a script for tests of whole runs in several processes."""

import os
import sys

import keras


def shorten():
    """Scores of 12 images by a tiny feature network, three points on a curve, 40 latents to choose from, no heads."""
    from keras_transfer_gen.metrics import features
    from keras_transfer_gen.recipes.runs import loop_callbacks
    from keras_transfer_gen.recipes.scoring import kid_protocol
    from keras_transfer_gen.recipes.training.gan import feature_heads, latent_selection
    from keras_transfer_gen.recipes.training.gan.curve import BestKidCurve

    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(16, 4, 4, kernel_initializer=keras.initializers.GlorotUniform(seed=0))(image / 127.5 - 1.0)
    tiny = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="tiny")
    feature_heads.set_feature_heads = lambda gan, weight: gan
    BestKidCurve.points, BestKidCurve.apart = 3, 0.0
    latent_selection.DEFAULT = latent_selection.LatentSelection(pool=40, keep=6)
    features.load_feature_network = lambda *name, side=None: tiny
    kid_protocol.DEFAULT = kid_protocol.KidProtocol(num_fakes=12, curve_fakes=12)
    _end_at_step(loop_callbacks.Saver)


def _end_at_step(saver):
    """Kills this worker after the step that $KILL_AT says, as a lost machine would end."""
    step = os.environ.get("KILL_AT")
    if step is None or (before := saver.on_train_batch_end) is None:
        return

    def on_train_batch_end(self, batch, logs=None):
        before(self, batch, logs)
        if int(self.model.step.numpy()) == int(step):
            os.kill(os.getpid(), 9)

    saver.on_train_batch_end = on_train_batch_end


if __name__ == "__main__":
    from keras_transfer_gen.cli import exits
    from keras_transfer_gen.cli.main import app
    from keras_transfer_gen.training.distribution import choose_strategy

    exits.quiet_native_libraries()
    choose_strategy()  # before the tiny network is built: the workers meet before TensorFlow runs anything
    shorten()
    app(sys.argv[1:])
