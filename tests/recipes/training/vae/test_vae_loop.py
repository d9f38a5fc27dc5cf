import warnings

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.runs import training_loop
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.vae import vae_loop
from keras_transfer_gen.training.checkpoint import save_checkpoint
from keras_transfer_gen.training.vae import CollapseWarning


@pytest.fixture
def settings(tmp_path):
    return PretrainVaeSettings(data="photos", out=tmp_path, seed=7, learning_rate=0.002)


def test_vae_is_compiled_as_the_settings_say(vae_file, settings):
    vae = load_vae(vae_file)
    vae_loop.compile_vae(vae, settings)
    assert vae.seed == 7 and float(vae.optimizer.learning_rate) == pytest.approx(0.002)
    vae_loop.compile_vae(vae, settings, learning_rate=0.5)
    assert float(vae.optimizer.learning_rate) == 0.5


def test_training_goes_on_from_the_latest_checkpoint(vae_file, settings, tmp_path):
    strategy = tf.distribute.get_strategy()
    first = vae_loop.resume_vae_or(lambda: load_vae(vae_file), tmp_path / "none", strategy, settings)
    assert first.seconds == 0 and first.gan.spec.family == "vae"
    first.seconds, first.records = 3.5, [{"kimg": 1.0, "elbo": -2.0}]
    path = save_checkpoint(first.gan, tmp_path / "some", first.state())
    assert (path / "vae.keras").is_file()
    second = vae_loop.resume_vae_or(None, tmp_path / "some", strategy, settings)
    assert second.state() == first.state() and float(second.gan.optimizer.learning_rate) == pytest.approx(0.002)
    assert np.array_equal(second.gan.generate(2), first.gan.generate(2))


def test_collapse_is_left_to_the_report(settings, monkeypatch):
    monkeypatch.setattr(training_loop, "train", lambda *_, **__: warnings.warn("flat", CollapseWarning, stacklevel=1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vae_loop.train_vae(None, None, settings, None)
    assert caught == []
