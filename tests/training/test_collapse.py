import types
import warnings

import pytest

from keras_transfer_gen.training.collapse import CollapseWarning, warn_of_collapse

COLLAPSED = {"kl_loss": [9.0, 0.001], "active_units": [4.0, 0.0]}


def vae(kimg, kl_annealing_kimg=0.0):
    return types.SimpleNamespace(
        kimg=kimg, kl_annealing_kimg=kl_annealing_kimg, spec=types.SimpleNamespace(latent_dim=16)
    )


def test_last_epoch_of_a_trained_vae_is_judged():
    with pytest.warns(CollapseWarning, match="posterior has collapsed: 0 of 16.*--free-bits"):
        warn_of_collapse(vae(5.0), COLLAPSED)


@pytest.mark.parametrize(
    ("model", "history"),
    [
        (vae(4.9), COLLAPSED),
        (vae(9.9, kl_annealing_kimg=5.0), COLLAPSED),
        (vae(5.0), {}),
        (vae(5.0), {name: values[::-1] for name, values in COLLAPSED.items()}),
    ],
    ids=["early", "annealing", "no epoch", "no collapse"],
)
def test_nothing_is_said_before_or_without_a_collapse(model, history):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert warn_of_collapse(model, history) is None
