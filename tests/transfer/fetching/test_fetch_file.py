import hashlib

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.fetching.fetch_file import fetch_file


@pytest.fixture
def served(web_of, tmp_path):
    file = tmp_path / "net.pkl"
    file.write_bytes(b"\x80\x04N." + b"x" * 1000)
    address, asked = web_of(file)
    return file, f"{address}?download=1", asked


def test_file_is_fetched_once(served):
    file, address, asked = served
    seen = []
    path = fetch_file(address, progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == file.read_bytes() and path.name == "net.pkl" and seen[-1] == (1004, 1004)
    assert fetch_file(address, offline=True) == path and len(asked) == 1


def test_digest_is_checked_and_altered_files_are_refused(served):
    file, address, _ = served
    with pytest.raises(checks.UserFileError, match="with the SHA-256 0000"):
        fetch_file(address, sha256="0" * 64)
    path = fetch_file(address, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(checks.UserFileError, match="with the SHA-256 1111"):
        fetch_file(address, sha256="1" * 64)
    path.write_bytes(b"other")
    with pytest.raises(checks.UserFileError, match="as it was fetched"):
        fetch_file(address)


def test_nothing_is_asked_for_offline(served):
    with pytest.raises(checks.UserFileError, match="in the cache already"):
        fetch_file(served[1], offline=True)
    assert served[2] == []


def test_web_page_in_place_of_the_file_is_refused(web_of, tmp_path):
    page = tmp_path / "page.pkl"
    page.write_text("<!DOCTYPE html><html></html>", "utf-8")
    with pytest.raises(checks.UserFileError, match="a web page, no file of networks"):
        fetch_file(web_of(page)[0])
