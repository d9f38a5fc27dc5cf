import contextlib
import hashlib
import tarfile

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.recipes.models.resolve import ModelRef, resolve_model
from keras_transfer_gen.recipes.report.reporter import Reporter
from keras_transfer_gen.transfer.fetching.cache import hub_entry
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from tests.saved_model_fixtures import saved

ADDRESS = "https://tfhub.dev/nobody/gan/1"


class Bars(Reporter):
    def __init__(self):
        self.bars = []

    @contextlib.contextmanager
    def progress(self, label, total, unit=""):
        ticks = []
        self.bars.append([label, total, unit, ticks, False])
        yield lambda done, total=None, note="": ticks.append((done, total))
        self.bars[-1][-1] = True


@pytest.fixture
def packed(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    monkeypatch.delenv("KTG_OFFLINE", raising=False)
    with tarfile.open(tmp_path / "gan.tar.gz", "w:gz") as archive:
        archive.add(saved("renderers")[0] / "plain", "gan")
    return tmp_path / "gan.tar.gz"


def test_archive_is_unpacked_once_and_its_digest_checked_at_the_first_use(packed):
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    with pytest.raises(checks.UserFileError, match=f"`source` must be .*{'0' * 64}, but it has {digest}"):
        prefetch(packed, sha256="0" * 64)
    bars = Bars()
    folder = fetch_saved_model(packed, sha256=digest)
    assert prefetch(packed, sha256=digest, reporter=bars) == ModelRef("saved_model", folder, "", str(packed))
    assert bars.bars == []


def test_family_of_an_archive_is_known_once_it_is_unpacked(exported_vae, packed, tmp_path):
    with tarfile.open(tmp_path / "vae.tar.gz", "w:gz") as archive:
        archive.add(exported_vae[1], "vae")
    assert resolve_model(tmp_path / "vae.tar.gz").family == ""
    assert prefetch(tmp_path / "vae.tar.gz").family == "vae"


def test_download_has_a_bar_in_megabytes_and_what_is_cached_none(web_of, packed):
    bars, digest = Bars(), hashlib.sha256(packed.read_bytes()).hexdigest()
    address, asked = web_of(packed)
    for _ in range(2):
        prefetch(address, trust=True, sha256=digest, reporter=bars)
    ((label, total, unit, ticks, ended),) = bars.bars
    size = packed.stat().st_size / 1e6
    assert (label, unit, ended, ticks[-1]) == (f"fetching {address}", "MB", True, (size, size)) and total == size
    assert prefetch(address, trust=True, offline=True).path.is_dir() and len(asked) == 1


def test_wrong_digest_of_a_first_download_leaves_nothing(web_of, packed):
    address, _ = web_of(packed)
    with pytest.raises(checks.UserFileError, match="Do not use it, unless sha256= .--sha256. was mistyped"):
        prefetch(address, trust=True, sha256="0" * 64)
    assert not hub_entry(address).folder.exists()


def test_without_trust_or_offline_nothing_is_asked(packed):
    with pytest.raises(checks.UserError, match="`source` must be a model that you trust.*--trust"):
        prefetch(ADDRESS)
    with pytest.raises(checks.UserFileError, match="in the cache already, since requests are switched off"):
        prefetch(ADDRESS, trust=True, offline=True)


def test_trust_and_offline_are_harmless_where_nothing_is_fetched(source_file, packed):
    for source in (source_file, packed, saved("renderers")[0] / "plain"):
        assert prefetch(source, trust=True, offline=True).path.exists()
    for source in (source_file, saved("renderers")[0] / "plain"):
        with pytest.raises(checks.UserError, match=r"`sha256` must be given for .*Leave out sha256= \(--sha256\)"):
            prefetch(source, sha256="0" * 64)
    with pytest.raises(checks.UserFileError, match="`source` must be a preset"):
        prefetch("noto_gan_46")
