import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.maths.colour_map import follow_colours
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.latent_tools.restyle import carry_over, restyle
from keras_transfer_gen.recipes.models.load_vae import load_vae


@pytest.fixture(scope="module")
def source(vae_file):
    return load_vae(vae_file)


@pytest.fixture(scope="module")
def adapted(vae_file):
    """The source with a decoder that draws everything darker."""
    vae = load_vae(vae_file)
    layer = vae.decoder.get_layer("to_image")
    layer.bias.assign(layer.bias - 0.5)
    return vae


def test_change_of_style_is_put_on_the_image(source, adapted, sample_images, tmp_path, quick_scores):
    restyled = restyle(
        adapted, sample_images, tmp_path / "made", reference=sample_images, source=source, grid=tmp_path / "sheet.png"
    )
    latents, _ = source.encode(sample_images)
    plain, changed = (model.decode(latents).astype(int) for model in (source, adapted))
    change = follow_colours(sample_images, changed - plain)
    assert np.abs(restyled.images - np.clip(sample_images + change, 0, 255)).max() <= 0.5 + 1e-3
    np.testing.assert_array_equal(read_images(tmp_path / "made", 32).images, restyled.images)
    assert (tmp_path / "sheet.png").is_file()
    assert restyled.edge_similarity == pytest.approx(edge_similarity(sample_images, restyled.images).mean())
    assert restyled.edge_similarity_plain == pytest.approx(
        edge_similarity(sample_images, plain.astype(np.uint8)).mean()
    )
    assert restyled.kept == restyled.edge_similarity / restyled.edge_similarity_plain
    numbers = restyled.to_dict()
    assert numbers["num"] == 12 and numbers["kid_input"]["value"] < numbers["kid_plain"]["value"]
    assert numbers["kid"]["n_fake"] == 12 and numbers["kid"]["reference"] == "the given images"


def test_outlines_of_the_image_stay_where_the_drawing_has_others():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    plain = np.full_like(images, 100)
    changed = np.full_like(images, 140)
    changed[:, 10:20, 10:12] = 255  # an outline that the image hasn't got
    restyled = carry_over(images, plain, changed)
    assert edge_similarity(images, restyled).min() > 0.95 > edge_similarity(images, changed).max()
    assert 25 < (restyled.astype(float) - images)[images < 200].mean() < 55  # the change of brightness is there
    np.testing.assert_array_equal(carry_over(images, plain, changed, 0.0), changed)
    half = carry_over(images, plain, changed, 0.5).astype(float)
    assert np.abs(half - (restyled.astype(float) + changed) / 2).max() <= 1.0


def test_background_that_both_draw_alike_hardly_changes():
    images = np.full((1, 32, 32, 3), 255, np.uint8)
    images[:, 8:20, 8:20] = (200, 40, 40)
    plain = np.random.default_rng(0).integers(250, 256, images.shape).astype(np.uint8)  # soft, and not quite white
    changed = np.random.default_rng(1).integers(250, 256, images.shape).astype(np.uint8)
    plain[:, 8:20, 8:20], changed[:, 8:20, 8:20] = (195, 45, 45), (120, 45, 45)
    restyled = carry_over(images, plain, changed)
    assert restyled[:, 26:, 26:].min() >= 252 and restyled[:, 12:16, 12:16, 0].max() < 145


def test_without_detail_the_adapted_decoder_draws_alone(source, adapted, sample_images):
    restyled = restyle(adapted, sample_images, source=source, detail=0.0)
    np.testing.assert_array_equal(restyled.images, adapted.decode(source.encode(sample_images)[0]))
    assert restyled.kid is None and restyled.to_dict()["kid_input"] is None


def test_what_cannot_be_used_is_refused(adapted, source_file, sample_images, tmp_path):
    with pytest.raises(checks.UserFileError, match="`run` must be a RUN folder of a fine-tuned VAE.*run='VAE'"):
        restyle(adapted, sample_images)
    with pytest.raises(checks.UserFileError, match="`run` must be a RUN folder of a fine-tuned VAE"):
        restyle(tmp_path / "nothing", sample_images)
    with pytest.raises(checks.UserError, match="`detail` must be"):
        restyle(adapted, sample_images, detail=1.5)
