import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.transfer.fetching.limits import GIB, Limits, in_words, limits_from_environment


def test_defaults_are_4_gib_down_and_16_unpacked(monkeypatch):
    monkeypatch.delenv("KTG_MAX_DOWNLOAD_GB", raising=False)
    assert limits_from_environment() == Limits()
    assert (Limits().download, Limits().unpacked) == (4 * 2**30, 16 * 2**30)


def test_environment_sets_both_limits(monkeypatch):
    monkeypatch.setenv("KTG_MAX_DOWNLOAD_GB", " 0.5 ")
    limits = limits_from_environment()
    assert (limits.download, limits.unpacked) == (GIB // 2, 2 * GIB)


@pytest.mark.parametrize("text", ["four", "0", "-1", "nan", "inf"])
def test_senseless_environment_is_an_error(monkeypatch, text):
    monkeypatch.setenv("KTG_MAX_DOWNLOAD_GB", text)
    with pytest.raises(UserError, match=r"`KTG_MAX_DOWNLOAD_GB` must be a number above 0.*=8, or unset"):
        limits_from_environment()


def test_sizes_in_words():
    assert [in_words(size) for size in (0, 1023, 2048, 3 * 2**20, GIB * 3 // 2)] == [
        "0 bytes", "1,023 bytes", "2 KiB", "3 MiB", "1.5 GiB",
    ]  # fmt: skip
