import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics import features as feature_layer
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.scoring.feature_views import (
    LAYOUT,
    SECOND,
    VIEWS,
    WHOLE,
    FeatureView,
    average_down,
    view_of,
)

RNG = np.random.default_rng(0)


def test_averaging_keeps_the_mean_and_leaves_small_images_alone():
    images = RNG.integers(0, 256, (2, 96, 96, 1)).astype(np.uint8)
    small = average_down(images, 64)
    assert small.shape == (2, 64, 64, 1) and small.dtype == np.uint8
    assert small.mean() == pytest.approx(images.mean(), abs=0.5)
    assert average_down(small, 64) is small


def test_layout_is_seen_in_blocks_of_a_sixteenth():
    images = RNG.integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    blocks = images.reshape(2, 16, 4, 16, 4, 3).mean((2, 4))
    assert np.abs(average_down(images, LAYOUT.size) - blocks).max() <= 0.5


@pytest.mark.usefixtures("quick_scores")
def test_views_shrink_before_they_extract(tiny_features):
    images = RNG.integers(0, 256, (5, 64, 64, 3)).astype(np.uint8)
    np.testing.assert_array_equal(WHOLE.extract(images), extract_features(images, tiny_features))
    layout = extract_features(average_down(images, 16), tiny_features)
    np.testing.assert_array_equal(LAYOUT.extract(images), layout)
    np.testing.assert_array_equal(LAYOUT.extract_reference(images), layout)
    mirrored = extract_features(images[:, :, ::-1], tiny_features)
    np.testing.assert_allclose(WHOLE.extract_reference(images, mirrored=True), mirrored, rtol=1e-5)


def test_networks_and_sizes_are_those_of_the_contract(monkeypatch):
    assert list(VIEWS) == ["kid", "kid_second", "layout"]
    assert [view.input_size for view in VIEWS.values()] == [224, 192, 224]
    asked = []
    monkeypatch.setattr(feature_layer, "load_feature_network", lambda name, **side: asked.append((name, side)))
    for view in (WHOLE, SECOND, FeatureView("movenet_lightning", side=128)):
        view._load()
    assert asked == [
        ("efficientnet_lite0", {}), ("movenet_lightning", {}), ("movenet_lightning", {"side": 128}),
    ]  # fmt: skip


def test_view_of_a_network_is_checked_at_once(tmp_path, tiny_features):
    assert view_of(None) is WHOLE
    tiny_features.save(tmp_path / "tiny.keras")
    view = view_of(tmp_path / "tiny.keras")
    assert view.network == str(tmp_path / "tiny.keras") and view.input_size is None
    with pytest.raises(UserError, match="`network` must be one of"):
        view_of("tinny")
