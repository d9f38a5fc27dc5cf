import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2.changing import change_discriminator, change_generator
from keras_transfer_gen.networks.stylegan2.resampling import downsample, upsample
from keras_transfer_gen.networks.stylegan2.shapes import DiscriminatorShape, GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(4, 6)).astype(np.float32)
INPUTS = {"latents": Z, "truncation": np.ones(4, np.float32)}
IMAGES = RNG.normal(size=(4, 16, 16, 3)).astype(np.float32)


def generator(architecture="skip"):
    shape = GeneratorShape(8, 3, 6, w_dim=5, widths=(8, 8), mapping_layers=2, architecture=architecture)
    return biased(build_stylegan2_generator(shape))


def discriminator(architecture="resnet", **arguments):
    shape = DiscriminatorShape(8, widths=(8, 8), architecture=architecture, mapping_layers=1, **arguments)
    return biased(build_stylegan2_discriminator(shape))


def biased(network):
    """Biases of random numbers, so that they count."""
    for variable in network.variables:
        if variable.name in ("bias", "noise_strength"):
            variable.assign(variable.value + RNG.normal(scale=0.3, size=variable.shape))
    return network


def test_grown_skip_generator_begins_with_enlarged_images():
    old = generator()
    new, report = change_generator(old, image_size=16)
    np.testing.assert_allclose(new(INPUTS), upsample(old(INPUTS)), atol=1e-5)
    assert report.adapted["synthesis.b16.torgb.weight"].startswith("zeros")
    assert "synthesis.b16.conv0.weight" in report.drawn and "synthesis.b8.conv0.weight" in report.copied
    assert report.dropped == () and new.get_layer("styles").count == 6
    assert any("new, with random numbers" in line for line in report.lines("generator"))


def test_smaller_generator_gives_the_image_of_its_last_block():
    old, _ = change_generator(generator(), image_size=16)
    new, report = change_generator(old, image_size=8)
    np.testing.assert_allclose(upsample(new(INPUTS)), old(INPUTS), atol=1e-5)
    assert report.drawn == () and "synthesis.b16.conv0.weight" in report.dropped


@pytest.mark.parametrize("architecture", ["resnet", "orig", "skip"])
def test_grown_discriminator_begins_with_the_averaged_image(architecture):
    old = discriminator(architecture)
    new, report = change_discriminator(old, image_size=16)
    np.testing.assert_allclose(new(IMAGES), old(downsample(IMAGES)), rtol=1e-4, atol=1e-4)
    assert any(name.startswith("b16.") for name in report.adapted)


@pytest.mark.parametrize("architecture", ["resnet", "orig", "skip"])
def test_two_doublings_at_once_are_one_after_the_other(architecture):
    old = discriminator(architecture)
    half, _ = change_discriminator(old, image_size=16)
    new, report = change_discriminator(old, image_size=32)
    images = RNG.normal(size=(4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(new(images), half(downsample(images)), rtol=1e-3, atol=1e-3)
    names = [*report.copied, *report.adapted, *report.drawn]
    assert len(names) == len(set(names)) == len(new.weights)
    assert "b4.conv.weight" in report.copied and any(name.startswith("b16.") for name in report.adapted)
    assert all(name.startswith("b8.fromrgb") for name in report.dropped)


def test_other_channels():
    old, judge = generator(), discriminator()
    images = old(INPUTS).numpy()
    grey, _ = change_generator(old, channels=1)
    np.testing.assert_allclose(grey(INPUTS), images.mean(axis=-1, keepdims=True), atol=1e-5)
    rgba, report = change_generator(old, channels=4)
    np.testing.assert_allclose(rgba(INPUTS)[..., :3], images, atol=1e-5)
    assert float(np.min(rgba(INPUTS)[..., 3])) >= 1.0  # opaque; with "skip" each block adds its own
    assert report.adapted["synthesis.b8.torgb.weight"] == "the same colours; alpha begins opaque"
    again, _ = change_generator(grey, channels=3)
    np.testing.assert_allclose(again(INPUTS)[..., 2:], grey(INPUTS), atol=1e-5)
    seen = RNG.normal(size=(4, 8, 8, 1)).astype(np.float32)
    grey_judge, _ = change_discriminator(judge, channels=1)
    np.testing.assert_allclose(grey_judge(seen), judge(seen.repeat(3, axis=-1)), atol=1e-4)
    rgba_judge, _ = change_discriminator(judge, channels=4)
    colours = IMAGES[:, :8, :8]
    alpha = np.concatenate([colours, seen], axis=-1)
    np.testing.assert_allclose(rgba_judge(alpha), judge(colours), atol=1e-4)


def test_labels_begin_without_effect_and_the_embedding_alone_is_new():
    old = generator()
    labelled, report = change_generator(old, num_classes=3)
    inputs = {**INPUTS, "labels": np.int32([0, 1, 2, 0])}
    np.testing.assert_allclose(labelled(inputs), old(INPUTS), atol=1e-5)
    assert set(report.drawn) == {"mapping.embed.weight", "mapping.embed.bias"}
    more, report = change_generator(labelled, num_classes=5)
    assert report.drawn == ("mapping.embed.weight",) and more.get_layer("mapping").num_classes == 5
    without, report = change_generator(more, num_classes=0)
    np.testing.assert_allclose(without(INPUTS), old(INPUTS), atol=1e-5)
    judge, report = change_discriminator(discriminator(), num_classes=3)
    assert "b4.out.weight" in report.drawn and "b8.conv0.weight" in report.copied
    assert judge({"images": IMAGES[:, :8, :8], "labels": np.int32([0, 1, 2, 0])}).shape == (4, 1)


def test_other_depth_of_the_mapping_network_keeps_the_first_layers():
    _, report = change_generator(generator(), mapping_layers=3)
    assert set(report.drawn) == {"mapping.fc2.weight", "mapping.fc2.bias"} and "mapping.fc1.weight" in report.copied
    _, report = change_generator(generator(), mapping_layers=1)
    assert set(report.dropped) == {"mapping.fc1.weight", "mapping.fc1.bias"} and report.drawn == ()


def test_sizes_that_there_are_not_are_refused():
    with pytest.raises(checks.UserError, match="`image_size` must be one of"):
        change_generator(generator(), image_size=24)
