import io

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_transfer_gen import pixels

LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)


def test_ranges_round_trip_every_level():
    model = pixels.to_model_range(LEVELS)
    assert model.dtype == tf.float32 and float(model[0, 0, 0, 0]) == -1.0 and float(model[0, -1, -1, 0]) == 1.0
    assert np.array_equal(pixels.to_uint8(model), LEVELS)


def test_to_uint8_rounds_and_clips():
    # 0.2 / 127.5 above black is nearest to 0, 0.8 to 1; truncating instead would give 0 for both.
    values = np.float32([-1 + 0.2 / 127.5, -1 + 0.8 / 127.5, -3.0, 3.0])
    assert pixels.to_uint8(values).numpy().tolist() == [0, 1, 0, 255]
    assert ((values + 1) * 127.5).astype(np.int32).tolist()[:2] == [0, 0]


def test_to_rgb_repeats_grey():
    assert pixels.to_rgb(LEVELS).shape == (1, 16, 16, 3)
    assert np.array_equal(pixels.to_rgb(LEVELS)[..., 2:], LEVELS)


def test_to_grid_places_images_row_by_row():
    images = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (1, 2, 3)])
    sheet = pixels.to_grid(images, columns=2)
    assert sheet.shape == (4, 6, 1)
    assert sheet[0, 0, 0] == 1 and sheet[0, 3, 0] == 2 and sheet[2, 0, 0] == 3 and sheet[2, 3, 0] == 255


def test_to_png_is_read_back_by_pillow():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(pixels.to_png(image)))), image)


def test_paint_does_not_depend_on_the_number_of_images():
    weights = tf.constant(np.random.default_rng(1).normal(size=(4, 12)), tf.float32)

    def generator(z):
        return tf.reshape(tf.tanh(z @ weights), (-1, 2, 2, 3))

    z = np.random.default_rng(2).normal(size=(70, 4)).astype(np.float32)
    images = pixels.render(generator, z)
    assert images.shape == (70, 2, 2, 3) and images.dtype == np.uint8
    assert np.array_equal(pixels.render(generator, z[:33]), images[:33])
