import keras
import numpy as np
import pytest

from keras_transfer_gen.training import ema


def test_decay_halves_after_the_halflife():
    decay = float(ema.ema_decay(50, kimg=1000.0, halflife_kimg=2.0, rampup=None))
    assert decay ** (2000 / 50) == pytest.approx(0.5, rel=1e-4)


def test_rampup_bounds_the_halflife_by_the_images_shown():
    early = float(ema.ema_decay(50, kimg=10.0, halflife_kimg=100.0, rampup=0.05))
    assert early == pytest.approx(0.5 ** (50 / 500), rel=1e-5)
    late = float(ema.ema_decay(50, kimg=1e6, halflife_kimg=100.0, rampup=0.05))
    assert late == pytest.approx(float(ema.ema_decay(50, 0.0, 100.0, None)), rel=1e-6)


def test_decay_is_zero_where_there_is_nothing_to_average():
    assert float(ema.ema_decay(50, kimg=0.0, halflife_kimg=10.0, rampup=0.05)) == 0.0
    assert float(ema.ema_decay(50, kimg=5.0, halflife_kimg=0.0, rampup=None)) == 0.0


def test_update_average_is_a_weighted_mean():
    average, value = keras.Variable(np.float32([4, 8])), keras.Variable(np.float32([2, 2]))
    ema.update_average([average], [value], 0.75)
    np.testing.assert_allclose(average, [3.5, 6.5])
    ema.update_average([average], [value], 0.0)
    np.testing.assert_array_equal(average, [2, 2])


def test_update_average_refuses_lists_of_other_lengths():
    with pytest.raises(ValueError, match="zip"):
        ema.update_average([keras.Variable(0.0)], [], 0.5)


def test_what_is_no_float_is_copied_and_other_floats_are_averaged_in_their_type():
    averages = [keras.Variable(3, dtype="int64"), keras.Variable(np.float64([4.0]), dtype="float64")]
    values = [keras.Variable(9, dtype="int64"), keras.Variable(np.float64([2.0]), dtype="float64")]
    ema.update_average(averages, values, ema.ema_decay(50, 1000.0, 2.0, None))
    decay = 0.5 ** (50 / 2000)
    assert int(averages[0].numpy()) == 9
    np.testing.assert_allclose(averages[1], [2 + 2 * decay], rtol=1e-6)
