import functools

import keras
import pytest

from keras_transfer_gen.training import speed_probe
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.speed_probe import Way, find_fastest, images_per_second


def test_each_thing_is_tried_upon_what_was_faster_before():
    speeds = {
        Way(): 100.0, Way("bfloat16"): 150.0, Way("bfloat16", True): 90.0, Way("bfloat16", False, 8): 152.0,
    }  # fmt: skip
    best, trials = find_fastest(speeds.__getitem__, seconds=60.0)
    assert best == Way("bfloat16")  # 152 is not worth it: it may be noise
    assert [(way, speed) for way, speed, _ in trials] == list(speeds.items())


def test_what_is_not_possible_or_out_of_time_is_told():
    def measure(way):
        if way.jit_compile:
            raise ValueError("XLA has no such operation\nand more")
        return 10.0 if way.precision == "float32" else 5.0

    best, trials = find_fastest(measure, seconds=60.0)
    assert best == Way() and trials[2] == (Way(jit_compile=True), None, "not possible: XLA has no such operation")
    moments = iter([0.0, 10.0, 70.0, 80.0])
    _, trials = find_fastest(measure, seconds=60.0, clock=lambda: next(moments))
    assert [note for *_, note in trials] == ["", "", *["not tried: the time was up"] * 2]


@pytest.mark.parametrize("way", [Way("bfloat16", False, 2)])
def test_speed_is_measured_in_images_of_a_step_that_trains(way, monkeypatch):
    monkeypatch.setattr(speed_probe, "TIMED_CALLS", 1)
    z, image = keras.Input((2,)), keras.Input((4, 4, 1))
    generator = keras.Model(z, keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16, name="last")(z)))
    judge = keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(image)))
    gan = GAN(generator, judge)
    gan.compile(penalty=None)
    assert images_per_second(gan, functools.partial(gan.compile, penalty=None), way, 8) > 0
    assert int(gan.step.numpy()) == 4 and gan.kimg == 0.032  # two calls of two steps of 8 images
