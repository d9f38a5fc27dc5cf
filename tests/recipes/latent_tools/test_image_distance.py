import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, efficientnet_lite
from keras_transfer_gen.recipes.latent_tools import image_distance as module
from keras_transfer_gen.recipes.latent_tools.image_distance import image_distance, pyramid_distance

RNG = np.random.default_rng(0)
A, B = (RNG.uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32) for _ in range(2))


def test_pyramid_equals_numpy():
    def halve(x):
        return x.reshape(1, x.shape[1] // 2, 2, x.shape[2] // 2, 2, 3).mean((2, 4))

    a, b, total = A, B, 0.0
    for _ in range(3):
        total += np.abs(a - b).mean()
        a, b = halve(a), halve(b)
    assert float(pyramid_distance(A, B)[0]) == pytest.approx(total / 3, rel=1e-5)
    measure, name = image_distance("pixels", A)
    assert name == "pixels" and float(measure(A)[0]) == 0 and float(measure(B)[0]) == pytest.approx(total / 3, rel=1e-5)


def test_features_are_compared_as_directions(monkeypatch):
    monkeypatch.setattr(module, "LEAST_SIDE", 8)
    measure, name = image_distance("features", tf.constant(A))
    total = 0.0
    for one, other in zip(efficientnet_lite.feature_maps(A), efficientnet_lite.feature_maps(B), strict=True):
        unit = [part / np.linalg.norm(part, axis=-1, keepdims=True) for part in (one.numpy(), other.numpy())]
        total += ((unit[0] - unit[1]) ** 2).sum(-1).mean()
    expected = total + 0.1 * float(pyramid_distance(A, B)[0])
    assert float(measure(tf.constant(B))[0]) == pytest.approx(expected, rel=1e-4)
    assert name == "EfficientNet-Lite1 features and pixels" and float(measure(tf.constant(A))[0]) < 1e-9


def test_network_of_one_s_own_measures(tmp_path):
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)], name="own")
    network.save(tmp_path / "own.keras")
    for distance in (network, tmp_path / "own.keras"):
        measure, name = image_distance(distance, tf.constant(A))
        maps = [network((x + 1) * 127.5).numpy() for x in (A, B)]
        unit = [part / np.linalg.norm(part, axis=-1, keepdims=True) for part in maps]
        expected = ((unit[0] - unit[1]) ** 2).sum(-1).mean() + 0.1 * float(pyramid_distance(A, B)[0])
        assert name == "own and pixels" and float(measure(tf.constant(B))[0]) == pytest.approx(expected, rel=1e-4)


def test_unknown_names_are_refused():
    with pytest.raises(checks.UserError, match="`distance` must be one of 'features', 'pixels'"):
        image_distance("lpips", A)
