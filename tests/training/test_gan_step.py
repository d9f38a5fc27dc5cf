"""What a step shows, of a toy GAN with labels for both networks and a style on the way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, protocols, tables
from keras_transfer_gen.architectures import Architecture
from keras_transfer_gen.network_inputs import NetworkInput
from keras_transfer_gen.pixels import to_model_range
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training import gan_step
from keras_transfer_gen.training.gan import GAN

SIDE, CLASSES = 8, 3
IMAGES = np.random.default_rng(0).integers(0, 256, (12, SIDE, SIDE, 3), np.uint8)
LABELS = np.arange(12, dtype=np.int64) % CLASSES


def build_labelled(spec):
    """Networks of a dict each; the generator's layer "mapping" gives a style, and an angle is drawn beside."""
    z, labels = keras.Input((spec.latent_dim,), name="latents"), keras.Input((), dtype="int32", name="labels")
    angle = keras.Input((), name="angle")
    style = keras.layers.Embedding(CLASSES, spec.latent_dim, name="classes")(labels) + z
    style = keras.layers.Dense(6, name="mapping")(style) * keras.layers.Reshape((1,))(angle)
    x = keras.layers.Dense(SIDE * SIDE * 3, activation="tanh", name="render")(style)
    generator = keras.Model(
        {"latents": z, "labels": labels, "angle": angle}, keras.layers.Reshape((SIDE, SIDE, 3))(x), name="generator"
    )
    images, asked = keras.Input((SIDE, SIDE, 3), name="images"), keras.Input((), dtype="int32", name="labels")
    features = keras.layers.Dense(6, name="features")(keras.layers.Flatten()(images))
    projection = keras.layers.Dot(-1)([features, keras.layers.Embedding(CLASSES, 6, name="classes")(asked)])
    logits = keras.layers.Dense(1, name="logits")(features) + projection
    return generator, keras.Model({"images": images, "labels": asked}, logits, name="discriminator")


ANGLE = NetworkInput("angle", distribution="uniform")
ENTRY = Architecture(build_labelled, image_sizes=(SIDE,), inputs=(ANGLE,), intermediates={"styles": "mapping"})
SPEC = ModelSpec(image_size=SIDE, channels=3, latent_dim=4, num_classes=CLASSES, arch="labelled_toy")


class Watch(protocols.Regularizer):
    """Keeps the steps that it sees; adds nothing."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.steps = {}

    def losses(self, step):
        self.steps[step.phase] = step
        return {}


@pytest.fixture
def labelled(monkeypatch):
    """Function: compile arguments -> GAN of `ENTRY`, which is registered for one test."""
    monkeypatch.setattr(tables.ARCHITECTURES, "_rows", dict(tables.ARCHITECTURES._rows))
    tables.register_architecture("labelled_toy", ENTRY)

    def make(**compiled):
        keras.utils.set_random_seed(0)
        gan = GAN(*ENTRY.build(SPEC), spec=SPEC)
        gan.compile(run_eagerly=True, **compiled)
        return gan

    return make


def test_step_shows_what_was_drawn_and_what_is_real(labelled):
    gan = labelled(regularizers=[Watch()], penalty=None, augment="diffaugment")
    gan_step.train_step(gan, (IMAGES, LABELS))
    steps = gan.regularizers[0].steps
    assert set(steps) == {"d", "g"}
    step = steps["g"]
    assert step.labels.numpy().tolist() == LABELS.tolist() and step.labels.dtype == tf.int32
    assert step.fake_labels.shape == (12,) and set(step.fake_labels.numpy()) <= {0, 1, 2}
    assert set(step.drawn) == {"latents", "labels", "angle"} and step.drawn["latents"] is step.latents
    np.testing.assert_array_equal(step.real, to_model_range(IMAGES))
    assert step.intermediates["styles"].shape == (12, 6)
    assert set(step.real_inputs("x")) == {"images", "labels"} and step.real_inputs("x")["labels"] is step.labels
    assert step.fake_inputs("x")["labels"] is step.fake_labels
    images, intermediates = step.generate(step.drawn)
    assert images.shape == step.fake.shape and set(intermediates) == {"styles"} and step.source is None


def test_intermediates_are_those_of_the_step_s_own_pass(labelled):
    gan = labelled(regularizers=[Watch()], penalty=None, g_optimizer=keras.optimizers.SGD(0.0))
    gan_step.train_step(gan, (IMAGES, LABELS))
    step = gan.regularizers[0].steps["d"]
    angles = step.drawn["angle"].numpy()
    embedded = gan.generator.get_layer("classes")(step.fake_labels) + step.latents
    styles = gan.generator.get_layer("mapping")(embedded)
    np.testing.assert_allclose(step.intermediates["styles"], styles, rtol=1e-5)
    rendered = gan.generator.get_layer("render")(styles * angles[:, None])
    np.testing.assert_allclose(step.fake, tf.reshape(rendered, step.fake.shape), rtol=1e-4, atol=1e-6)


def test_each_network_is_called_with_the_labels_of_its_own_images(labelled):
    """By hand: the logits of real images are those of the data set's labels, of generated ones of the drawn ones."""
    gan = labelled(regularizers=[Watch()], penalty=None)
    judge = lambda images, labels: gan.discriminator({"images": images, "labels": tf.constant(labels)})  # noqa: E731
    real = judge(to_model_range(IMAGES), LABELS)
    wrong = judge(to_model_range(IMAGES), (LABELS + 1) % CLASSES)
    values = gan_step.train_step(gan, (IMAGES, LABELS))
    np.testing.assert_allclose(values["real_logits"], real, rtol=1e-5)
    assert np.abs(np.asarray(real) - np.asarray(wrong)).max() > 1e-2
    values = gan_step.test_step(gan, (IMAGES, LABELS))
    np.testing.assert_allclose(values["real_logits"], judge(to_model_range(IMAGES), LABELS), rtol=1e-5)


class StyleLength(protocols.Penalty):
    """The mean square of the generator's styles; keeps the mean of what it measured."""

    phases = ("g",)
    statistics = ("length",)

    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.mean = self.add_weight(shape=(), name="mean", initializer="zeros", trainable=False, aggregation="mean")

    def losses(self, step):
        styles = step.generate(step.drawn)[1]["styles"]
        return {"g": self.weight * tf.reduce_mean(styles**2, -1), "length": tf.reduce_mean(tf.abs(styles))}

    def after_step(self, step, statistics, due):
        self.mean.assign(tf.where(due, statistics["length"], self.mean.value))


def test_penalty_of_the_generator_is_taken_on_its_steps_and_measured(labelled):
    gan = labelled(penalty=["r1", StyleLength(weight=50.0, interval=2)], g_optimizer=keras.optimizers.SGD(0.01))
    free = labelled(penalty=["r1"], g_optimizer=keras.optimizers.SGD(0.01))
    sizes, means = [], []
    for _ in range(3):
        values = gan._track(gan_step.train_step(gan, (IMAGES, LABELS)))
        gan_step.train_step(free, (IMAGES, LABELS))
        gan.reset_metrics()
        sizes.append(float(values["g_penalty"]))
        means.append(float(gan.penalties[1].mean))
    assert sizes[0] > 0 and sizes[1] == 0 and sizes[2] > 0
    assert means[0] > 0 and means[1] == means[0] and means[2] != means[0]
    kernels = [np.abs(each.generator.get_layer("mapping").kernel.numpy()).mean() for each in (gan, free)]
    assert kernels[0] < 0.8 * kernels[1]
    assert "g_penalty" not in free.trackers and gan.penalty.gamma == 2.0


def test_fit_asks_for_labels_once_and_clearly(labelled):
    gan = labelled()
    for data in (IMAGES, tf.data.Dataset.from_tensor_slices(IMAGES).batch(6)):
        with pytest.raises(checks.UserError, match=r"`x` must be images with labels.*\(images, labels\)"):
            gan.fit(data, verbose=0)


def test_two_replicas_train_with_labels_and_penalties_of_both(labelled, two_cpus):
    with two_cpus.scope():
        gan = GAN(*ENTRY.build(SPEC), spec=SPEC)
    gan.compile(penalty=["r1:interval=2", StyleLength(interval=2)], regularizers=["l2sp:weight=0.1,interval=2"])
    data = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(4).repeat(2)
    history = gan.fit(data, verbose=0).history
    assert int(gan.step.numpy()) == 6 and all(np.isfinite(values).all() for values in history.values())
    assert float(gan.penalties[1].mean) > 0


def test_generate_draws_everything_by_number(labelled):
    gan = labelled()
    images = gan.generate(5, seed=1)
    assert np.array_equal(gan.generate(2, seed=1, start=3), images[3:])
    assert not np.array_equal(gan.generate(5, seed=1, label=0), images)
    values = {"latents": np.ones((2, 4), np.float32), "labels": np.int32([0, 1]), "angle": np.ones(2, np.float32)}
    assert gan(values).shape == (2, SIDE, SIDE, 3)
