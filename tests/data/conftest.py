import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Every test decodes for itself."""
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / ".cache"))
