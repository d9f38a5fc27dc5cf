"""Every number is compared with NumPy's own."""

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.numpy_draws import bounded_integers, random_words, standard_normals, ziggurat_tables

ROWS = np.array([(0, 0), (7, 1), (2**31 - 1, 1023), (2**32 - 1, 3)], np.int64)
WORDS = [tf.constant(ROWS[:, 0]), tf.constant(ROWS[:, 1])]


def test_words_are_those_of_pcg64():
    words = random_words(WORDS, 11).numpy()
    for row, seed in zip(words, ROWS, strict=True):
        drawn = np.random.PCG64(tuple(seed)).random_raw(6)
        np.testing.assert_array_equal(row, np.stack([drawn & 0xFFFFFFFF, drawn >> 32], axis=1).reshape(-1)[:11])


def test_normals_are_numpys_bit_for_bit_but_for_the_tail():
    seeds, numbers = np.arange(300) % 7, np.arange(300)
    drawn = standard_normals([tf.constant(seeds), tf.constant(numbers)], 128).numpy()
    expected = np.stack([
        np.random.default_rng((seed, number)).standard_normal(128, np.float32)
        for seed, number in zip(seeds.tolist(), numbers.tolist(), strict=True)
    ])  # fmt: skip
    body = np.abs(expected) < 3.6541528853610088
    np.testing.assert_array_equal(drawn[body], expected[body])
    assert 0 < (~body).sum() < 20  # the tail was drawn from; its logarithm may round otherwise
    np.testing.assert_allclose(drawn[~body], expected[~body], rtol=3e-7)


@pytest.mark.parametrize("bound", [1, 3, 1000, 2**31 - 1])
def test_integers_are_numpys(bound):
    expected = [np.random.default_rng((*row.tolist(), 1)).integers(bound) for row in ROWS]
    np.testing.assert_array_equal(bounded_integers([*WORDS, 1], bound), expected)


def test_tables_are_those_in_numpy():
    """A word that NumPy is given as its next one shows the table behind the draw."""
    widths, limits, _ = ziggurat_tables()
    generator = np.random.PCG64(0)
    normal = np.random.Generator(generator)

    def draw(level, mantissa):
        """(the number drawn, whether the first word was enough)."""
        before = {**generator.state, "has_uint32": 1, "uinteger": mantissa << 9 | level}
        generator.state = before
        return normal.standard_normal(dtype=np.float32), generator.state["state"] == before["state"]

    for level, limit in enumerate(limits.tolist()):
        assert not draw(level, limit)[1]
        if limit:
            assert draw(level, limit - 1) == (np.float32(limit - 1) * widths[level], True)
