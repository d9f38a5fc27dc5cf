import types

import numpy as np
import pytest

from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.recipes.runs.training import Branch, Training
from keras_transfer_gen.recipes.training.vq.curve import NatsCurve, PsnrCurve


@pytest.mark.parametrize(("kind", "role"), [(PsnrCurve, "decoder"), (NatsCurve, "prior")])
def test_the_weights_that_were_best_on_images_put_aside_come_back(vq, aside, tmp_path, kind, role):
    images = types.SimpleNamespace(validation=aside, holdout=aside)
    training, curve = Training(vq, Branch(tmp_path, tmp_path, tmp_path / "history.csv")), kind(images, tmp_path)
    curve.begin(training)
    (first,) = training.records
    network = vq.decoder if role == "decoder" else vq.prior.network
    best = network.get_weights()
    noise = np.random.default_rng(1)
    network.set_weights([weight + 2 * noise.normal(size=weight.shape) for weight in best])
    training.records.append({"kimg": 1.0, **curve(vq)})
    assert curve.sign * training.records[-1][curve.name] < curve.sign * first[curve.name]
    assert curve.end(training) == 0.0
    for a, b in zip(best, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    again = kind(images, tmp_path)
    again.begin(training)
    assert len(training.records) == 2 and again.best.value == curve.sign * first[curve.name]


def test_beside_a_discriminator_the_last_decoder_stays(vq, aside, tmp_path):
    images = types.SimpleNamespace(validation=aside, holdout=aside)
    vq.set_discriminator(build_patch_discriminator(vq.spec.image_size, max_channels=8, min_channels=4))
    training, curve = Training(vq, Branch(tmp_path, tmp_path, tmp_path / "history.csv")), PsnrCurve(images, tmp_path)
    curve.begin(training)
    assert "psnr" in training.records[0] and curve.end(training) is None and not list(tmp_path.iterdir())


def test_without_images_for_validation_the_last_weights_stay(vq, aside, tmp_path):
    images = types.SimpleNamespace(validation=aside[:0], holdout=aside)
    training, curve = Training(vq, Branch(tmp_path, tmp_path, tmp_path / "history.csv")), NatsCurve(images, tmp_path)
    curve.begin(training)
    assert curve.end(training) is None and not list(tmp_path.iterdir())
