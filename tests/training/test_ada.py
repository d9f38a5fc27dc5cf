from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import erfinv

from keras_transfer_gen import checks, pixels, tables
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.training import ada_draws, gan_step
from keras_transfer_gen.training.ada import ADA, transform
from keras_transfer_gen.training.checkpoint import load_checkpoint, save_checkpoint
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import step_seed

# Images and what the official implementation makes of them where every draw is one quantile; made outside.
FORCED = np.load(Path(__file__).with_name("ada_forced_draws.npz"))
NAMES = {
    "xflip": ["flip"], "rotate90": ["turns"], "xint": ["shift"], "scale": ["scale"], "rotate": ["rotation_before"],
    "aniso": ["aspect"], "xfrac": ["fraction"], "brightness": ["brightness"], "contrast": ["contrast"],
    "lumaflip": ["luma_flip"], "hue": ["hue"], "saturation": ["saturation"],
    "bg": [*ada_draws.BLIT, *ada_draws.GEOMETRIC], "color": ada_draws.COLOR, "bgc": ada_draws.NAMES,
}  # fmt: skip
SEED = tf.constant([3, 4])
SIDE = 8
IMAGES = np.random.default_rng(0).integers(0, 256, (8, SIDE, SIDE, 3), np.uint8)


def forced_amounts(names, quantile, batch):
    amounts = ada_draws.neutral_amounts(batch)
    for name in set(names) - {"rotation_after"}:
        uniform = tf.fill(amounts[name].shape, np.float32(quantile))
        amounts[name] = ada_draws.amount_of(name, uniform, tf.fill(uniform.shape, np.float32(erfinv(2 * quantile - 1))))
    return amounts


@pytest.mark.parametrize("case", [key for key in FORCED.files if key.count("/") == 2])
def test_forced_draws_equal_the_official_images(case):
    name, quantile, images = case.split("/")
    x = tf.constant(FORCED[f"in/{images}"].transpose(0, 2, 3, 1))
    amounts = forced_amounts(NAMES[name], float(quantile[1:]) / 10, len(x))
    groups = [group for group, members in ada_draws.GROUPS.items() if set(members) & set(NAMES[name])]
    result = transform(x, amounts, "".join(groups)).numpy().transpose(0, 3, 1, 2)
    reference = FORCED[case]
    assert np.abs(result - reference).max() < 1e-5 * np.abs(reference).max()
    assert np.abs(reference - FORCED[f"in/{images}"]).max() > 0.05 or (name, quantile) in (
        ("xflip", "q03"), ("lumaflip", "q03"),
    )  # fmt: skip


def gan_of(**compiled):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    generator = [keras.Input((6,)), layers.Dense(SIDE * SIDE * 3, "tanh"), layers.Reshape((SIDE, SIDE, 3))]
    discriminator = [keras.Input((SIDE, SIDE, 3)), layers.Flatten(), layers.Dense(1)]
    gan = GAN(keras.Sequential(generator), keras.Sequential(discriminator))
    gan.compile(**{"penalty": R1(0.1, interval=2), **compiled})
    return gan


def fit(gan, steps, batch=8):
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(batch).repeat()
    return gan.fit(data, epochs=1, steps_per_epoch=steps, verbose=0).history


def test_images_depend_on_seed_and_probability_alone():
    x = pixels.to_model_range(IMAGES)
    augment = ADA(probability=0.5)
    first = augment(x, seed=SEED)
    np.testing.assert_array_equal(first, augment(x, seed=SEED))
    assert not np.array_equal(first, augment(x, seed=SEED + 1))
    np.testing.assert_allclose(ADA()(x, seed=SEED), x, atol=1e-5)  # probability 0
    changed = np.abs(first - x).reshape(8, -1).max(1) > 1e-4
    assert changed.any()
    amounts = ada_draws.draw_amounts(8, tf.constant(0.5), SEED)
    np.testing.assert_allclose(first, transform(x, amounts), atol=1e-6)
    np.testing.assert_allclose(tf.function(augment)(x, seed=SEED), first, atol=1e-4)


class Logits:
    """Stands for a `Step` with given logits."""

    def __init__(self, index, logits):
        self.index, self.real = tf.constant(index, tf.int64), tf.zeros((len(logits), 4, 4, 3))
        self.real_logits = tf.constant(logits, tf.float32)[:, None]


def test_probability_follows_the_sign_of_the_logits():
    """By hand: 4 steps of 10 images, 500 of 1000 kimg: each change is 40 / 2000."""
    augment = ADA(target=0.6, kimg=2, probability=0.1)
    sure, unsure = [3.0] * 9 + [-1.0], [3.0] * 8 + [-1.0] * 2  # means of the signs: 0.8 and 0.6
    values = []
    for index, logits in enumerate([sure] * 8 + [unsure, unsure, unsure, [-9.0] * 10] + [unsure] * 3 + [sure]):
        augment.after_step(Logits(index, logits))
        values.append(float(augment.probability))
    np.testing.assert_allclose(values, [0.1] * 3 + [0.12] * 4 + [0.14] * 4 + [0.12] * 4 + [0.14], rtol=1e-5)


def test_probability_stays_between_0_and_its_upper_limit():
    high, low, fixed = ADA(kimg=0.05, probability=0.8), ADA(kimg=0.05, probability=0.1), ADA(kimg=0, probability=0.3)
    for index in range(8):
        for augment, logit in ((high, 1.0), (low, -1.0), (fixed, 1.0)):
            augment.after_step(Logits(index, [logit] * 10))
    assert [float(part.probability) for part in (high, low)] == pytest.approx([0.85, 0.0])
    assert float(fixed.probability) == pytest.approx(0.3)


def test_several_heads_count_alike():
    augment = ADA(kimg=2, interval=1, target=0.2)
    step = Logits(0, [1.0] * 10)
    step.real_logits = [tf.ones((10, 1)), -tf.ones((10, 3, 3, 1)), tf.ones((10, 2))]  # a mean sign of 1 / 3
    augment.after_step(step)
    assert float(augment.probability) == pytest.approx(10 / 2000)


def test_training_reports_the_probability_and_goes_on_with_the_same_bits(tmp_path):
    arguments = {"augment": ADA(target=-1.0, kimg=0.2, interval=1), "seed": 3, "penalty": None}
    whole = gan_of(**arguments)
    history = fit(whole, 4)
    assert history["augment_probability"][0] > 0 and float(whole.augment.probability) == pytest.approx(4 * 8 / 200)
    part = gan_of(**{**arguments, "augment": ADA(target=-1.0, kimg=0.2, interval=1)})
    fit(part, 2)
    part.augment.sign_sum.assign(0.25)
    saved = save_checkpoint(part, tmp_path, {})
    resumed, _ = load_checkpoint(saved)
    assert float(resumed.augment.sign_sum) == 0.25 and resumed.augment.target == -1.0
    resumed.augment.sign_sum.assign(0.0)
    fit(resumed, 2)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_r1_is_taken_before_the_augmentation():
    """The penalty of a linear discriminator behind T is |T' w|^2, of the images' own pixels."""
    seen = {}

    class Watch(R1):
        def losses(self, step):
            penalty, kernel = super().losses(step)["d"], step.gan.discriminator.layers[-1].kernel
            with tf.GradientTape() as tape:
                tape.watch(step.real)
                total = tf.reduce_sum(tf.reshape(step.augment_real(step.real), (8, -1)) @ kernel)
            gradient = tape.gradient(total, step.real).numpy()
            seen.update(penalty=penalty.numpy(), expected=(gradient**2).sum((1, 2, 3)))
            seen["plain"] = float((kernel.numpy() ** 2).sum())
            return {"d": penalty}

    gan = gan_of(penalty=Watch(2.0), augment=ADA(probability=0.85, kimg=0), run_eagerly=True)
    gan_step.train_step(gan, IMAGES)
    np.testing.assert_allclose(seen["penalty"], seen["expected"], rtol=1e-4)
    assert np.abs(seen["penalty"] - seen["plain"]).max() > 0.1 * seen["plain"]


def test_replicas_share_the_probability_and_draw_their_own(two_cpus):
    with two_cpus.scope():
        gan = gan_of(augment=ADA(target=-1.0, kimg=0.2, interval=1), penalty=None)
    fit(gan, 2)
    copies = two_cpus.experimental_local_results(gan.augment.probability.value)
    assert [float(copy) for copy in copies] == pytest.approx([2 * 8 / 200] * len(copies))

    with two_cpus.scope():
        augment = ADA(probability=0.85)
    x = pixels.to_model_range(IMAGES)

    @tf.function
    def views():
        def view():
            return augment(x, seed=step_seed(0, tf.constant(0, tf.int64), "augment_real"))

        return two_cpus.run(view)

    first, second = two_cpus.experimental_local_results(views())
    assert np.abs(first - second).max() > 0.1


def test_configuration_and_text():
    augment = tables.resolve("augment", "ada:target=0.5,kimg=500,policy=gc", tables.AUGMENTS)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(augment))
    assert (copy.target, copy.kimg, copy.policy, copy.interval, copy.start) == (0.5, 500.0, "gc", 4, 0.0)
    with pytest.raises(checks.UserError, match="`policy` must be letters of b, g and c, each once"):
        ADA(policy="bx")
    with pytest.raises(checks.UserError, match="`probability` must be a number of at least 0 and at most 0.85"):
        ADA(probability=0.9)
    with pytest.raises(checks.UserError, match="images of 1, 3 or 4 channels"):
        ADA(probability=0.5)(tf.zeros((1, 8, 8, 2)), seed=SEED)
