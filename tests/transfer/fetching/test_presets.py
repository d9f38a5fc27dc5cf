import json

import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.fetching import presets


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A package of two presets and a feature network, found as the installed one is."""
    root = tmp_path / "presets_of_test"
    for name, size in (("noto_gan_64", 64), ("alpha_gan_32", 32), ("efficientnet_lite0", 224)):
        folder = root / name
        folder.mkdir(parents=True)
        ModelSpec(image_size=size, channels=3, latent_dim=128, licence="Apache-2.0").save(folder / "spec.json")
    for name in ("noto_gan_64", "alpha_gan_32"):
        (root / name / "gan.keras").write_bytes(b"x" * 2_500_000)
    (root / "noto_gan_64" / "README.md").write_text("---\nx: y\n---\n# Noto emoji, 64 px\n\n## Data\n")
    (root / "noto_gan_64" / "scores.json").write_text(json.dumps({"kid": 61.5}))
    (root / "__pycache__").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(presets, "SAVED_MODELS", "presets_of_test")
    return root


def test_list_presets_gives_folders_with_a_model_by_name(shipped):
    alpha, noto = presets.list_presets()
    assert (alpha.name, noto.name) == ("alpha_gan_32", "noto_gan_64")
    assert (noto.image_size, noto.channels, noto.licence, noto.megabytes) == (64, 3, "Apache-2.0", 2.5)
    assert (noto.title, noto.kid) == ("Noto emoji, 64 px", 61.5)
    assert (alpha.title, alpha.kid) == ("alpha_gan_32", None)


def test_preset_path_is_the_model_file(shipped):
    assert presets.preset_path("noto_gan_64") == shipped / "noto_gan_64" / "gan.keras"


@pytest.mark.parametrize("name", ["noto_gan", "efficientnet_lite0", "../presets_of_test/noto_gan_64", ""])
def test_unknown_preset_lists_the_known_ones(shipped, name):
    with pytest.raises(UserError, match=r"`preset` must be one of 'alpha_gan_32', 'noto_gan_64'\. Received: "):
        presets.preset_path(name)


def test_unknown_preset_names_the_nearest(shipped):
    with pytest.raises(UserError, match=r"Did you mean noto_gan_64.*ktg models"):
        presets.preset_path("noto_gan_46")


def test_broken_files_of_a_preset_are_named(shipped):
    (shipped / "noto_gan_64" / "scores.json").write_text("{")
    with pytest.raises(UserFileError, match=r"a readable JSON file.*noto_gan_64/scores\.json"):
        presets.list_presets()


def test_installation_without_presets_says_so(tmp_path, monkeypatch):
    (tmp_path / "no_presets_of_test").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(presets, "SAVED_MODELS", "no_presets_of_test")
    assert presets.list_presets() == []
    with pytest.raises(UserError, match=r"this installation has none. Received: preset='noto_gan_64'.*\.keras file"):
        presets.preset_path("noto_gan_64")


def test_uninstalled_checkout_reads_the_folder_beside_the_package(monkeypatch):
    found = [preset.name for preset in presets.list_presets()]
    monkeypatch.setattr(presets, "SAVED_MODELS", "keras_transfer_gen.absent")
    assert [preset.name for preset in presets.list_presets()] == found
