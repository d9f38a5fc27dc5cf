import pytest

from tests.image_file_fixtures import write_photos


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Every test decodes for itself."""
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / ".cache"))


@pytest.fixture
def photos(tmp_path):
    """A new folder `photos` with usable and unusable files; see `write_photos`."""
    return write_photos(tmp_path / "photos")
