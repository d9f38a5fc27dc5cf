import keras
import numpy as np
import pytest

from keras_transfer_gen.objectives import adversarial

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(5, 3, 2)).astype(np.float32), RNG.normal(size=(5, 3, 2)).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


EXPECTED = {
    "NonSaturating": (-np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE)), -np.log(sigmoid(FAKE))),
    "Minimax": (-np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE)), np.log(1 - sigmoid(FAKE))),
    "Relativistic": (-np.log(sigmoid(REAL - FAKE)), -np.log(sigmoid(FAKE - REAL))),
    "Hinge": (np.maximum(1 - REAL, 0) + np.maximum(1 + FAKE, 0), -FAKE),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_losses_equal_their_formulas(name):
    objective = getattr(adversarial, name)()
    d_loss, g_loss = objective.d_loss(REAL, FAKE), objective.g_loss(REAL, FAKE)
    assert d_loss.shape == g_loss.shape == (5,)
    np.testing.assert_allclose(d_loss, EXPECTED[name][0].mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(g_loss, EXPECTED[name][1].mean((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("name", EXPECTED)
def test_heads_are_summed(name):
    objective = getattr(adversarial, name)()
    both = objective.d_loss([REAL, REAL[:, 0]], [FAKE, FAKE[:, 0]])
    np.testing.assert_allclose(both, objective.d_loss(REAL, FAKE) + objective.d_loss(REAL[:, 0], FAKE[:, 0]), rtol=1e-5)


def test_losses_are_finite_at_extreme_logits():
    extreme = np.float32([[1e4], [-1e4]])
    for name in EXPECTED:
        objective = getattr(adversarial, name)()
        assert (
            np.isfinite(objective.d_loss(extreme, -extreme)).all()
            and np.isfinite(objective.g_loss(extreme, -extreme)).all()
        )


def test_minimax_gradient_fades_where_the_discriminator_is_sure():
    import tensorflow as tf

    logits = tf.constant([[-20.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        saturating = adversarial.Minimax().g_loss(None, logits)
        steady = adversarial.NonSaturating().g_loss(None, logits)
    assert abs(float(tape.gradient(saturating, logits)[0, 0])) < 1e-6
    assert float(tape.gradient(steady, logits)[0, 0]) == pytest.approx(-1.0)


@pytest.mark.parametrize("name", EXPECTED)
def test_objective_round_trips_through_keras_serialization(name):
    made = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(getattr(adversarial, name)()))
    assert type(made).__name__ == name
