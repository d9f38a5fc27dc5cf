import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal


def test_noise_goes_through_as_it_is():
    noise = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_array_equal(StandardNormal()(noise), noise)


def test_attach_sets_the_size_once():
    prior = StandardNormal()
    with pytest.raises(checks.UserError, match="`latent_dim` must be known before sample"):
        prior.sample(2)
    prior.attach(5)
    assert prior.latent_dim == 5 and prior.sample(2).shape == (2, 5)
    with pytest.raises(
        checks.UserError, match="`prior` must be a distribution of 6 latent dimensions. Received: prior=5"
    ):
        prior.attach(6)
