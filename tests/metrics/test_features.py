import numpy as np
import pytest

from keras_transfer_gen import files
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.compiled_calls import compiled_network
from keras_transfer_gen.metrics import features
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.features import extract_features, reference_features


@pytest.fixture
def network():
    return load_feature_network(side=32)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 24, 24, 3)).astype(np.uint8)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def test_features_are_those_of_the_network(network, images):
    rows = extract_features(images, network, batch_size=7)
    assert rows.shape == (7, 1280) and rows.dtype == np.float32
    np.testing.assert_allclose(rows, network(images), atol=1e-5)


def test_default_network_is_the_shipped_one(images, monkeypatch, network):
    monkeypatch.setattr(features, "load_feature_network", lambda: network)
    np.testing.assert_array_equal(extract_features(images), extract_features(images, network))
    assert load_feature_network().name == "efficientnet_lite0_224"


@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_features_depend_on_no_batch_size_and_no_neighbour(network, images, batch_size):
    expected = extract_features(images, network, batch_size=7)
    np.testing.assert_allclose(
        extract_features(images[::-1], network, batch_size), expected[::-1], rtol=1e-5, atol=1e-5
    )


def test_grey_images_are_repeated_to_rgb(network, images):
    grey = images[..., :1]
    np.testing.assert_array_equal(
        extract_features(grey, network), extract_features(np.repeat(grey, 3, axis=-1), network)
    )


def test_other_numbers_of_images_are_not_traced_again(network, images):
    extract_features(images, network, batch_size=5)
    before = compiled_network(network).experimental_get_tracing_count()
    for count in (1, 2, 6):
        extract_features(images[:count], network, batch_size=5)
    assert compiled_network(network).experimental_get_tracing_count() == before


def test_progress_counts_images(network, images):
    seen = []
    extract_features(images, network, batch_size=3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 7), (6, 7), (7, 7)]


@pytest.mark.parametrize("function", [extract_features, reference_features])
@pytest.mark.parametrize("shape", [(2, 8, 8, 4), (0, 8, 8, 3)])
def test_other_images_are_refused(function, shape):
    with pytest.raises(UserError, match=r"`images` must be uint8 \[N, H, W, 1 or 3\], N at least 1. Received"):
        function(np.zeros(shape, np.uint8))


def test_bad_batch_size_is_refused(images):
    with pytest.raises(UserError, match="`batch_size` must be an integer of at least 1"):
        extract_features(images, batch_size=0)


@pytest.fixture
def computed(monkeypatch):
    """How many images were run through the network."""
    counts = []

    def counted(images, *arguments):
        counts.append(len(images))
        return extract_features(images, *arguments)

    monkeypatch.setattr(features, "extract_features", counted)
    return counts


def test_reference_is_computed_once(network, images, cache, computed):
    first = reference_features(images, network=network)
    np.testing.assert_array_equal(first, extract_features(images, network))
    again = reference_features(images.copy(), network=network)
    np.testing.assert_array_equal(again, first)
    assert computed == [7] and again.dtype == np.float32
    assert [path.suffix for path in cache.iterdir()] == [".npz"]  # nothing half-written is left beside it


def test_reference_of_other_content_order_network_or_digest_is_another(network, images, cache, computed):
    reference_features(images, network=network)
    changed = images.copy()
    changed[3, 5, 5, 0] ^= 1
    reference_features(changed, network=network)
    reference_features(images[::-1], network=network)
    reference_features(images[:6], network=network)
    reference_features(images, network=load_feature_network(side=64))
    reference_features(images, "0123", network=network)
    assert len(computed) == len(list(cache.iterdir())) == 6
    reference_features(changed, "0123", network=network)  # the digest is taken at its word
    assert len(computed) == 6


def test_mirrored_reference_is_kept_apart(network, images, cache):
    plain = reference_features(images, "a", network=network)
    mirrored = reference_features(images, "a", mirrored=True, network=network)
    np.testing.assert_array_equal(mirrored, extract_features(images[:, :, ::-1], network))
    assert np.abs(mirrored - plain).max() > 0.01
    np.testing.assert_array_equal(reference_features(images, "a", True, network), mirrored)


@pytest.mark.parametrize("spoil", ["cut", "flip", "empty", "shape", "dtype", "nan", "name"])
def test_broken_cache_is_written_again(network, images, cache, computed, spoil):
    expected = reference_features(images, network=network)
    (path,) = cache.iterdir()
    content = path.read_bytes()
    if spoil in ("cut", "flip", "empty"):
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes({"cut": content[:middle], "flip": flipped, "empty": b""}[spoil])
    else:
        arrays = {"shape": expected[:3], "dtype": expected.astype(np.float64), "nan": expected * np.nan}
        np.savez(path, **{"other" if spoil == "name" else "features": arrays.get(spoil, expected)})
    np.testing.assert_array_equal(reference_features(images, network=network), expected)
    assert computed == [7, 7]
    reference_features(images, network=network)
    assert computed == [7, 7]


def test_cache_that_cannot_be_written_changes_no_result(network, images, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "file"))
    assert reference_features(images, network=network).shape == (7, 1280)
    assert files.cache_folder("features") == tmp_path / "file" / "features"
