import numpy as np

from keras_transfer_gen.networks.stylegan2.low_pass_filter import FILTER


def test_filter_is_that_of_the_authors():
    np.testing.assert_array_equal(FILTER * 64, np.outer([1, 3, 3, 1], [1, 3, 3, 1]))
