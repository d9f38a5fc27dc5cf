"""What tests of loading share: an exported VAE."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def exported_vae(vae_file, tmp_path_factory):
    """(a VAE with a prior of its own, the folder that it was exported to); nothing may be written there."""
    from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
    from keras_transfer_gen.recipes.models.export import export_saved_model
    from keras_transfer_gen.recipes.models.load_vae import load_vae

    vae = load_vae(vae_file)
    vae.set_prior(GaussianPrior(8).set_distribution(np.full(8, 0.3), 0.5 * np.eye(8)))
    return vae, export_saved_model(vae, tmp_path_factory.mktemp("served") / "1")
