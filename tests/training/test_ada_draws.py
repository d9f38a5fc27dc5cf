import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.training import ada_draws

SEED = tf.constant([3, 4])
COUNT = 4000


@pytest.fixture(scope="module")
def amounts():
    return {name: value.numpy() for name, value in ada_draws.draw_amounts(COUNT, tf.constant(0.5), SEED).items()}


def test_every_transformation_has_an_amount_for_each_image(amounts):
    assert set(amounts) == set(ada_draws.NAMES)
    for name, value in amounts.items():
        assert value.shape == ((COUNT, 2) if name in ("shift", "fraction") else (COUNT,)) and value.dtype == np.float32


def test_share_of_changed_images_is_the_probability(amounts):
    neutral = ada_draws.neutral_amounts(COUNT)
    changed = {
        name: (value != neutral[name].numpy()).reshape(COUNT, -1).any(1).mean() for name, value in amounts.items()
    }
    # Where the draw itself may be neutral, fewer images change: a flip of 2 values, a turn of 4.
    expected = {"flip": 0.25, "luma_flip": 0.25, "turns": 0.375} | dict.fromkeys(
        ("rotation_before", "rotation_after"), 1 - np.sqrt(0.5)
    )
    for name, share in changed.items():
        assert share == pytest.approx(expected.get(name, 0.5), abs=0.035), name
    rotated = (amounts["rotation_before"] != 0) | (amounts["rotation_after"] != 0)
    assert rotated.mean() == pytest.approx(0.5, abs=0.035)  # either of the two: the probability itself


def test_amounts_have_their_distributions(amounts):
    on = {name: value[value != 0] if value.ndim == 1 else value[(value != 0).all(1)] for name, value in amounts.items()}
    assert set(on["turns"]) == {1.0, 2.0, 3.0} and set(on["flip"]) == {1.0}
    assert np.abs(on["shift"]).max() <= 0.125 and on["shift"].std() == pytest.approx(0.25 / np.sqrt(12), rel=0.05)
    for name in ("rotation_before", "rotation_after", "hue"):
        assert np.abs(on[name]).max() <= np.pi and on[name].std() == pytest.approx(np.pi / np.sqrt(3), rel=0.06)
    assert on["fraction"].std() == pytest.approx(0.125, rel=0.05)
    assert on["brightness"].std() == pytest.approx(0.2, rel=0.06)
    for name, deviation in {"scale": 0.2, "aspect": 0.2, "contrast": 0.5, "saturation": 1.0}.items():
        exponents = np.log2(amounts[name][amounts[name] != 1])
        assert exponents.std() == pytest.approx(deviation, rel=0.06) and abs(exponents.mean()) < 0.08 * deviation


def test_draws_of_a_transformation_do_not_depend_on_the_groups(amounts):
    few = ada_draws.draw_amounts(COUNT, tf.constant(0.5), SEED, groups="c")
    np.testing.assert_array_equal(few["hue"], amounts["hue"])
    assert float(tf.reduce_max(tf.abs(few["turns"]))) == 0 and float(tf.reduce_min(few["scale"])) == 1


def test_amounts_are_drawn_independently(amounts):
    table = np.stack([value.reshape(COUNT, -1)[:, 0] for value in amounts.values()])
    correlation = np.corrcoef(table) - np.eye(len(table))
    assert np.abs(correlation).max() < 0.08


def test_nothing_is_drawn_at_probability_0_and_all_at_1():
    neutral = ada_draws.neutral_amounts(64)
    for name, value in ada_draws.draw_amounts(64, tf.constant(0.0), SEED).items():
        np.testing.assert_array_equal(value, neutral[name])
    always = ada_draws.draw_amounts(64, tf.constant(1.0), SEED)
    assert (always["brightness"].numpy() != 0).all() and (always["rotation_after"].numpy() != 0).all()
