import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.numbered_images import numbered_inputs
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.latents import numbered_labels, numbered_latents, render_numbered
from tests.export.small_models import LABELS_SPEC


@pytest.fixture(scope="module")
def signatures(saved_models):
    return {kind: tf.saved_model.load(str(folder)).signatures for kind, folder in saved_models.items()}


def call(signature, num, seed, truncation, label=None):
    values = {"num": num, "seed": seed, "truncation": tf.constant(truncation, tf.float32), "label": label}
    (output,) = signature(**{name: tf.constant(v) for name, v in values.items() if v is not None}).values()
    return output.numpy()


def close(actual, expected):
    return actual.dtype == np.uint8 and np.abs(actual.astype(int) - expected).max() <= 1


def test_seed_gives_the_images_of_the_generate_command(signatures, models, servables):
    for kind in ("generator", "labels"):
        spec = servables[kind].spec
        for seed, truncation in ((0, 1.0), (5, 0.5)):
            expected = render_numbered(models[kind], range(5), spec, seed, truncation)
            actual = call(signatures[kind]["generate"], 5, seed, truncation, -1 if spec.num_classes else None)
            assert close(actual, expected), (kind, seed)
    assert close(call(signatures["vae"]["generate"], 5, 3, 0.7), models["vae"].generate(5, 3, 0.7))


def test_label_seed_and_truncation_act_and_fewer_images_are_the_first_ones(signatures, models):
    generate = signatures["labels"]["generate"]
    images = call(generate, 4, 1, 1.0, 2)
    assert close(images, render_numbered(models["labels"], range(4), LABELS_SPEC, 1, 1.0, 2))
    for other in ((4, 1, 1.0, 0), (4, 2, 1.0, 2), (4, 1, 0.2, 2)):
        assert not close(call(generate, *other), images)
    assert close(call(generate, 2, 1, 1.0, 2), images[:2])


def test_png_files_hold_the_same_images(signatures):
    for kind, label in (("generator", None), ("labels", 1)):
        files = call(signatures[kind]["generate_png"], 3, 4, 0.9, label)
        images = np.stack([tf.io.decode_png(file) for file in files])
        np.testing.assert_array_equal(images, call(signatures[kind]["generate"], 3, 4, 0.9, label))


def test_wrong_numbers_are_refused_by_both(signatures):
    for name in ("generate", "generate_png"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="seed must be a whole number from 0"):
            call(signatures["generator"][name], 1, -1, 1.0)
        with pytest.raises(tf.errors.InvalidArgumentError, match="num must be from 1 to 1024 images"):
            call(signatures["generator"][name], 10_000_000, 0, 1.0)


@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "sphere"])
def test_latents_of_every_distribution_are_those_of_numbered_images(distribution):
    spec = ModelSpec(8, 3, 9, distribution=distribution, num_classes=4)
    latents, labels = numbered_inputs(spec)(6, 11, tf.constant(0.5), -1)
    np.testing.assert_allclose(latents, numbered_latents(range(6), 9, 11, 0.5, distribution), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(labels, numbered_labels(range(6), 4, 11))
