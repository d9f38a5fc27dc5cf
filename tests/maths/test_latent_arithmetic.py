import numpy as np
import pytest
from scipy.spatial import geometric_slerp

from keras_transfer_gen import checks
from keras_transfer_gen.maths.latent_arithmetic import attribute_direction, move, spherical_interpolation

RNG = np.random.default_rng(0)
START, END = RNG.standard_normal((2, 16)).astype(np.float32)
SHARES = np.linspace(0, 1, 7)


def unit(vector):
    vector = np.asarray(vector, np.float64)
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def test_arc_equals_that_of_scipy_and_its_length_changes_evenly():
    path = spherical_interpolation(START, END, SHARES)
    assert path.dtype == np.float32 and path.shape == (7, 16)
    np.testing.assert_allclose(unit(path), geometric_slerp(unit(START), unit(END), SHARES), atol=1e-6)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(np.linalg.norm(START), np.linalg.norm(END), 7), rtol=1e-5)


def test_arc_keeps_its_distance_from_the_centre_where_a_line_does_not():
    middle = spherical_interpolation(START, END, [0.5])[0]
    shorter = min(np.linalg.norm(START), np.linalg.norm(END))
    assert np.linalg.norm(middle) >= shorter > np.linalg.norm((START + END) / 2)


def test_ends_are_met_and_parallel_latents_are_a_line():
    path = spherical_interpolation(START, END, [0.0, 1.0])
    np.testing.assert_allclose(path, [START, END], atol=1e-6)
    np.testing.assert_allclose(spherical_interpolation(START, 3 * START, [0.5])[0], 2 * START, rtol=1e-5)


def test_direction_is_the_difference_of_the_means():
    positive, negative = RNG.standard_normal((5, 16)) + 2, RNG.standard_normal((9, 16))
    direction = attribute_direction(positive, negative)
    np.testing.assert_allclose(direction, positive.mean(0) - negative.mean(0), rtol=1e-5, atol=1e-6)
    moved = move(negative, direction, 1.0)
    np.testing.assert_allclose(moved.mean(0), positive.mean(0), atol=1e-5)
    np.testing.assert_allclose(move(moved, direction, -1.0), negative, atol=1e-5)


def test_what_has_no_answer_is_refused():
    with pytest.raises(checks.UserError, match="`end` must be not opposite to the start"):
        spherical_interpolation(START, -START, [0.5])
    with pytest.raises(checks.UserError, match="`start and end` must be other than zero"):
        spherical_interpolation(START, 0 * START, [0.5])
    with pytest.raises(checks.UserError, match=r"`end.shape` must be \(16,\)"):
        spherical_interpolation(START, END[:4], [0.5])
    with pytest.raises(checks.UserError, match="`positive` must be other images than negative"):
        attribute_direction([START], [START])
    with pytest.raises(checks.UserError, match="`negative.shape` must be"):
        attribute_direction([START], [END[:4]])
