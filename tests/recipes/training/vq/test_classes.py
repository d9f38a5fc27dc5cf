import types

import numpy as np

from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings
from keras_transfer_gen.recipes.training.vq import classes, models


def test_each_class_starts_from_the_one_that_finds_its_images_likeliest():
    settings = PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1,
    )  # fmt: skip
    vq = models.new_model(settings, ["dark", "light"])
    rng = np.random.default_rng(0)
    images = np.concatenate([rng.integers(0, 40, (12, 32, 32, 3)), rng.integers(200, 256, (12, 32, 32, 3))])
    labels = np.repeat([0, 1], 12)
    images = images.astype(np.uint8)
    vq.fit(images, batch_size=12, epochs=2, verbose=0)
    vq.prior.fit(vq.encode(images), labels, batch_size=12, epochs=12, verbose=0)
    image_set = types.SimpleNamespace(images=images[::-1], labels=labels, class_names=["x", "y"])

    class Images:
        labelled = True

    Images.image_set = type("S", (), {"__len__": lambda self: 24, **vars(image_set)})()
    start = classes.measure_start(vq, Images)
    assert start["rows"][:2] == [1, 0] and start["names"] == ["x", "y"] and "x from light" in start["sentence"]
