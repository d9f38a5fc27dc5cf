import keras
import pytest

from keras_transfer_gen.training.progress import add_counters, kimg_of


def test_counters_are_weights_that_are_not_trained():
    layer = keras.layers.Layer()
    add_counters(layer)
    assert [weight.name for weight in layer.non_trainable_weights] == ["step", "images_seen"]
    layer.images_seen.assign(1250)
    assert kimg_of(layer) == pytest.approx(1.25) and int(layer.step.numpy()) == 0
    assert layer.step.dtype == layer.images_seen.dtype == "int64"
