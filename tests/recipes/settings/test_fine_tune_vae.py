import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.fine_tune_vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.vae_methods import VAE_METHODS

PLACES = {"data": "a", "source": "b", "out": "c"}


def test_learning_rate_is_the_methods_unless_given():
    for method, how in VAE_METHODS.items():
        assert FineTuneVaeSettings(**PLACES, method=method).learning_rate == how.rate
    assert FineTuneVaeSettings(**PLACES, learning_rate=0.5).learning_rate == 0.5
    assert FineTuneVaeSettings(**PLACES, method="prior").how is VAE_METHODS["prior"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"method": "decode"}, "`method` must be one of 'decoder'.*Did you mean decoder"),
        ({"kimg": 0}, "`kimg` must be a number above 0"),
        ({"minutes": -1}, "`minutes` must be a number above 0"),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
        ({"seed": -1}, "`seed` must be an integer of at least 0"),
        ({"learning_rate": 0}, "`learning_rate` must be a number above 0"),
        ({"prior": "normal"}, "`prior` must be one of 'shrunk', 'full', 'mixture', 'standard'"),
        ({"method": "prior", "prior": "standard"}, "`prior` must be a distribution to fit"),
        ({"anchor": -1}, "`anchor` must be a number of at least 0"),
        ({"method": "full", "anchor": 2}, "`anchor` must be left out with the method 'full'.*--method anchored"),
        ({"l2sp": 0.0}, "`l2sp` must be left out with the method 'decoder'.*Leave --l2sp out"),
        ({"l2sp": -1}, "`l2sp` must be a number of at least 0"),
        ({"channels": 2}, "`channels` must be one of 1, 3"),
        ({"evaluate_every_kimg": 0}, "`evaluate_every_kimg` must be a number above 0"),
        ({"balance": 2}, "`balance` must be a number of at least 0 and at most 1"),
        ({"resize_mode": "squeeze"}, "`resize_mode` must be one of 'crop', 'pad'"),
        ({"precision": "float16"}, "`precision` must be one of"),
    ],
)
def test_wrong_values_are_refused(given, text):
    with pytest.raises(checks.UserError, match=text):
        FineTuneVaeSettings(**PLACES, **given)


def test_anchors_are_taken_with_their_method():
    settings = FineTuneVaeSettings(**PLACES, method="anchored", anchor=2, l2sp=0)
    assert (settings.anchor, settings.l2sp) == (2, 0)


def test_paths_are_kept_as_text(tmp_path):
    settings = FineTuneVaeSettings(data=tmp_path, source=tmp_path / "v.keras", out=tmp_path / "run")
    assert settings.data == str(tmp_path) and settings.reference is None
