import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.edit_along import edit_along
from keras_transfer_gen.recipes.latent_tools.latent_files import write_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.project import project, rate_at


def test_rate_rises_and_falls():
    assert rate_at(0, 100) == 0 and rate_at(5, 100) == pytest.approx(0.1) and rate_at(75, 100) == pytest.approx(0.1)
    assert rate_at(2, 100) == pytest.approx(0.04)
    assert rate_at(90, 100) == pytest.approx(0.1 * (0.5 - 0.5 * np.cos(np.pi * 0.4)))


@pytest.fixture(scope="module")
def projections(style_file, tmp_path_factory):
    """(folder, projections of an image of the model: one style, a style a layer)."""
    folder = tmp_path_factory.mktemp("project")
    space = open_space(style_file)
    image = space.images(space.draw([7]))[0]
    Image.fromarray(image).save(folder / "image.png")
    arguments = {"steps": 60, "distance": "pixels"}
    outputs = {"grid": folder / "p.png", "curve": folder / "c.png"}
    alone = project(style_file, folder / "image.png", folder / "l.npz", **outputs, **arguments)
    return folder, alone, project(space, image, each_layer=True, **arguments)


def test_projection_comes_near_to_an_image_of_the_model(projections):
    folder, alone, layers = projections
    assert alone.distance < 0.7 * alone.distances[0] and layers.distance < alone.distance
    assert (alone.latents == alone.latents[:, :1]).all() and (layers.latents != layers.latents[:, :1]).any()
    assert alone.to_dict()["measured_by"] == "pixels" and alone.latents.shape == (1, 6, 8)
    gap = np.abs(alone.image.astype(float) - alone.target).mean()
    assert gap / 127.5 == pytest.approx(alone.distance, rel=0.5)  # pixels are a part of the distance
    assert (folder / "p.png").is_file() and (folder / "c.png").is_file()


def test_file_holds_latents_and_standardized_noise_that_give_the_image_again(projections, style_file, tmp_path):
    folder, alone, _ = projections
    with np.load(folder / "l.npz") as arrays:
        noise = [arrays[name] for name in arrays.files if name.startswith("noise/")]
        assert sum((arrays[f"noise/{path}"] == value).all() for path, value in alone.noise.items()) == 5
        assert len(noise) == 5 and str(arrays["space"]) == "w" and arrays["distances"].shape == (60,)
    for values in noise:
        assert values.mean() == pytest.approx(0, abs=1e-5) and (values**2).mean() == pytest.approx(1, abs=1e-4)
    write_arrays(tmp_path / "d.npz", open_space(style_file), directions=np.ones((1, 8), np.float32))
    before, _ = edit_along(style_file, tmp_path / "d.npz", 0, latents=folder / "l.npz")
    np.testing.assert_array_equal(before[0], alone.image)


def test_other_models_begin_with_the_nearest_draw_or_the_encoder(source_file, vae_file, sample_images):
    space = open_space(source_file)
    image = space.images(space.draw([3]))[0]
    result = project(space, image, steps=1, distance="pixels")  # the first step has rate 0
    np.testing.assert_allclose(result.latents, space.draw([3]), atol=1e-6)
    vae = open_space(vae_file)
    result = project(vae, sample_images[0], steps=1, distance="pixels")
    np.testing.assert_allclose(result.latents, vae.encode(sample_images[:1]), atol=1e-6)
    with pytest.raises(checks.UserError, match="`each_layer` must be left out"):
        project(space, image, each_layer=True)
    assert tf.is_tensor(space.render(tf.constant(result.latents[:, :1] * np.ones((1, 16), np.float32))))
