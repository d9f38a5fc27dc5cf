import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.penalties import R1, R1R2, squared_gradient

X = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(18, 1)).astype(np.float32)


def linear(images):
    return tf.reshape(images, (-1, 18)) @ W


def test_gradient_of_a_linear_judge_is_its_weights():
    np.testing.assert_allclose(squared_gradient(linear, X), np.full(4, (W**2).sum()), rtol=1e-5)


def test_gradient_of_a_square_is_by_hand():
    found = squared_gradient(lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3)), X)
    np.testing.assert_allclose(found, (4 * X**2).sum((1, 2, 3)), rtol=1e-5)


def test_gradient_sums_over_pixels_and_heads():
    both = squared_gradient(lambda x: [linear(x), 2 * linear(x)], X)
    np.testing.assert_allclose(both, np.full(4, 9 * (W**2).sum()), rtol=1e-5)
    mean_instead_of_sum = (W**2).mean()
    assert abs(float(both[0]) - 9 * mean_instead_of_sum) > 1


def step_of(judge, augment=lambda images: images):
    gan = types.SimpleNamespace(discriminator=lambda images, training: judge(images))
    return types.SimpleNamespace(gan=gan, real=X, augment_real=augment, real_inputs=lambda images: images)


def test_r1_is_half_gamma_times_the_squared_gradient():
    found = R1(gamma=3.0).losses(step_of(linear))["d"]
    np.testing.assert_allclose(found, np.full(4, 1.5 * (W**2).sum()), rtol=1e-5)


def test_r1_is_taken_before_augmenting():
    found = R1(gamma=2.0).losses(step_of(linear, augment=lambda images: 3 * images))["d"]
    np.testing.assert_allclose(found, np.full(4, 9 * (W**2).sum()), rtol=1e-5)


def test_r1_r2_adds_the_same_at_generated_images():
    """Of a judge whose gradient is 2 x: the squares of the real and of the generated images, a class twice as steep."""
    fake = np.random.default_rng(2).normal(size=X.shape).astype(np.float32)
    step = step_of(lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3)))
    step.fake, step.fake_inputs = tf.constant(fake), lambda images: 2 * images
    expected = 0.5 * 3.0 * 4 * ((X**2).sum((1, 2, 3)) + 16 * (fake**2).sum((1, 2, 3)))
    np.testing.assert_allclose(R1R2(gamma=3.0).losses(step)["d"], expected, rtol=1e-5)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(R1R2(0.3, interval=4)))
    assert type(copy) is R1R2 and (copy.gamma, copy.interval) == (0.3, 4)


def test_r1_of_a_bfloat16_judge_is_float32():
    found = R1(gamma=2.0).losses(step_of(lambda images: tf.cast(linear(images), tf.bfloat16)))["d"]
    assert found.dtype == tf.float32


def test_r1_is_taken_with_the_labels_and_of_the_images_alone():
    """Of a discriminator that multiplies by the labels: the gradient with respect to them is no part of it."""
    labels = np.float32([1, 2, 3, 4])

    def judge(inputs):
        return linear(inputs["images"]) * inputs["labels"][:, None]

    step = step_of(judge)
    step.real_inputs = lambda images: {"images": images, "labels": tf.constant(labels)}
    np.testing.assert_allclose(R1(gamma=2.0).losses(step)["d"], labels**2 * (W**2).sum(), rtol=1e-5)


def test_r1_round_trips_and_checks_its_arguments():
    made = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(R1(0.3, every=4)))
    assert (made.gamma, made.interval, made.every) == (0.3, 4, 4)
    with pytest.raises(checks.UserError, match="`gamma` must be a number of at least 0"):
        R1(-1)
    with pytest.raises(checks.UserError, match="`interval` must be an integer of at least 1"):
        R1(interval=0)
