import pytest

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.settings.vae_methods import VAE_METHODS
from keras_transfer_gen.transfer.freezing.freeze import freeze

MOVING = {  # roles, and whether kernels move
    "decoder": ({"decoder"}, True),
    "bsa": ({"decoder"}, False),
    "anchored": ({"encoder", "decoder"}, True),
    "full": ({"encoder", "decoder"}, True),
}


@pytest.mark.parametrize("method", MOVING)
def test_rules_free_what_the_method_names(vae_file, method):
    vae = load_vae(vae_file)
    freeze(vae, [*VAE_METHODS[method].rules, (".*", True)])
    moving = {role for role, network in vae.roles.items() if network.trainable_variables}
    names = {variable.name for network in vae.roles.values() for variable in network.trainable_variables}
    roles, kernels = MOVING[method]
    assert moving == roles and ("kernel" in names) == kernels and "gamma" in names


def test_table_holds_the_methods_of_the_command_line():
    assert list(VAE_METHODS) == ["decoder", "bsa", "prior", "anchored", "full"]
    assert [name for name, how in VAE_METHODS.items() if not how.trains] == ["prior"]
    assert [name for name, how in VAE_METHODS.items() if how.anchored] == ["anchored"]
    assert VAE_METHODS["anchored"].rate == pytest.approx(0.1 * VAE_METHODS["full"].rate)
