import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.maths.principal_directions import effect_directions, matrix_directions

RNG = np.random.default_rng(0)
BASIS = np.linalg.qr(RNG.normal(size=(6, 6)))[0]


def test_matrix_directions_are_the_eigenvectors_of_the_stacked_columns():
    matrices = [RNG.normal(size=(6, 5)), 100 * RNG.normal(size=(6, 9))]  # lengths must not matter
    unit = [matrix / np.linalg.norm(matrix, axis=0) for matrix in matrices]
    directions, values = matrix_directions(matrices, 4)
    stacked = np.concatenate(unit, axis=1)
    np.testing.assert_allclose(values, np.sort(np.linalg.svd(stacked, compute_uv=False) ** 2)[::-1][:4], rtol=1e-5)
    for direction, value in zip(directions, values, strict=True):
        np.testing.assert_allclose(stacked @ (stacked.T @ direction), value * direction, atol=1e-4)
    np.testing.assert_allclose(directions @ directions.T, np.eye(4), atol=1e-6)
    assert (directions[np.arange(4), np.abs(directions).argmax(1)] > 0).all()


def test_known_direction_is_the_first():
    strong = np.outer(BASIS[0], np.ones(20)) + 0.1 * RNG.normal(size=(6, 20))
    assert abs(matrix_directions([strong], 1)[0][0] @ BASIS[0]) > 0.98


def test_effect_directions_find_the_singular_vectors_of_a_linear_effect():
    scales = np.array([9.0, 5.0, 3.0, 1.0, 0.5, 0.1])
    right = np.linalg.qr(RNG.normal(size=(10, 6)))[0]
    latents = RNG.normal(size=(50, 6)) + 3.0
    directions, values = effect_directions(latents, latents @ BASIS @ np.diag(scales) @ right.T + 7.0, 3)
    np.testing.assert_allclose(np.abs(directions @ BASIS[:, :3]), np.eye(3), atol=1e-5)
    np.testing.assert_allclose(values, scales[:3], rtol=1e-5)


def test_too_many_directions_and_too_few_latents_are_refused():
    with pytest.raises(checks.UserError, match="`num` must be .*6"):
        matrix_directions([np.ones((6, 2))], 7)
    with pytest.raises(checks.UserError, match="`samples` must be above 6"):
        effect_directions(np.ones((6, 6)), np.ones((6, 3)), 1)
