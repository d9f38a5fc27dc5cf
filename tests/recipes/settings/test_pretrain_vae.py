import dataclasses
from pathlib import Path

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.fit_prior import CHOICES
from keras_transfer_gen.recipes.settings.pretrain_vae import PRIORS, PretrainVaeSettings

SETTINGS = PretrainVaeSettings(data=Path("photos"), out="runs/a")


def test_paths_become_text_and_defaults_are_those_of_the_networks():
    assert SETTINGS.data == "photos" and SETTINGS.latent_dim == 64 and SETTINGS.beta == 1.0
    assert set(PRIORS) == set(CHOICES)


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("kimg", 0, "--kimg"),
        ("minutes", -1, "--minutes"),
        ("batch_size", 0, "--batch-size"),
        ("seed", -1, "--seed"),
        ("evaluate_every_kimg", 0, "--evaluate-every"),
        ("likelihood", "gauss", "--likelihood"),
        ("likelihood", "perceptual", "ktg.Perceptual"),
        ("beta", -1, "--beta"),
        ("free_bits", -1, "--free-bits"),
        ("kl_annealing_kimg", -1, "--kl-annealing-kimg"),
        ("learning_rate", 0, "--learning-rate"),
        ("prior", "flow", "--prior"),
        ("balance", 2, "--balance"),
        ("resize_mode", "stretch", "--resize-mode"),
        ("precision", "float16", "--precision"),
        ("arch", "dcgan", "--arch"),
        ("image_size", 48, "--image-size"),
        ("channels", 2, "--channels"),
        ("latent_dim", 0, ""),
        ("width", 0, ""),
    ],
)
def test_values_that_can_not_be_used_name_their_option(name, value, flag):
    with pytest.raises(checks.UserError, match=f"`{name}` must be .*{flag}"):
        dataclasses.replace(SETTINGS, **{name: value})
