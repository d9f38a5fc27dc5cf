import gzip
import hashlib
import random
import urllib.request

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching import download as module
from keras_transfer_gen.transfer.fetching.download import download
from keras_transfer_gen.transfer.fetching.limits import Limits

BODY = gzip.compress(random.Random(0).randbytes(300_000), mtime=0)
SHA256 = hashlib.sha256(BODY).hexdigest()
PART = 100_000


@pytest.fixture
def get(server, tmp_path):
    """Function: answers with these replies and downloads; returns (the `Download`, the file's bytes)."""

    def run(*replies, path="/model.tar.gz", **options):
        url = server.add(path, *replies)
        got = download(f"{url}?token=secret", tmp_path / "archive", source=url, **options)
        return got, (tmp_path / "archive").read_bytes()

    return run


def test_whole_file_with_digest_size_and_address(get, server, reply):
    got, body = get(reply(BODY))
    assert body == BODY and (got.sha256, got.size) == (SHA256, len(BODY))
    assert got.url == f"{server.url}/model.tar.gz"  # without the token
    ((path, query, headers),) = server.requests
    assert (path, query) == ("/model.tar.gz", "token=secret") and headers["User-Agent"].startswith(
        "keras_transfer_gen/"
    )


def test_progress_counts_to_the_total(get, reply):
    seen = []
    get(reply(BODY), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(BODY), len(BODY)) and seen == sorted(seen) and len(seen) > 3


def test_progress_without_a_length(get, reply):
    seen = []
    _, body = get(reply(BODY, headers={"Content-Length": None}), progress=lambda *at: seen.append(at))
    assert body == BODY and seen[-1] == (len(BODY), None)


@pytest.mark.parametrize("error", [ValueError("stop"), OSError("stop"), KeyboardInterrupt()])
def test_what_progress_raises_ends_the_work(get, server, reply, error):
    def stop(done, total):
        raise error

    with pytest.raises(type(error)) as caught:
        get(reply(BODY), progress=stop)
    assert caught.value is error and len(server.requests) == 1


def test_cut_connection_goes_on_where_it_broke(get, server, reply):
    tagged = {"ETag": '"v1"'}
    got, body = get(reply(BODY, headers=tagged, cut=PART), reply(BODY, headers=tagged, ranges=True))
    assert body == BODY and got.sha256 == SHA256
    assert server.requests[1][2]["Range"] == f"bytes={PART}-" and server.requests[1][2]["If-Range"] == '"v1"'


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_cut_connection_starts_afresh_without_a_strong_tag(get, server, reply, tag):
    headers = {"ETag": tag} if tag else {}
    _, body = get(reply(BODY, headers=headers, cut=PART), reply(BODY, headers=headers, ranges=True))
    assert body == BODY and "Range" not in server.requests[1][2]


def test_file_that_changed_meanwhile_starts_afresh(get, reply):
    new = gzip.compress(b"another" * 1000, mtime=0)
    got, body = get(reply(BODY, headers={"ETag": '"v1"'}, cut=PART), reply(new, headers={"ETag": '"v2"'}, ranges=True))
    assert body == new and got.sha256 == hashlib.sha256(new).hexdigest()


def test_range_that_does_not_fit_any_more_starts_afresh(get, server, reply):
    tagged = {"ETag": '"v1"'}
    _, body = get(reply(BODY, headers=tagged, cut=PART), reply(status=416), reply(BODY))
    assert body == BODY and "Range" not in server.requests[2][2]


def test_other_part_than_asked_is_not_taken(get, server, reply):
    other = reply(BODY[:10], status=206, headers={"Content-Range": f"bytes 0-9/{len(BODY)}"})
    _, body = get(reply(BODY, headers={"ETag": '"v1"'}, cut=PART), other, reply(BODY))
    assert body == BODY


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_busy_server_is_asked_again(get, server, reply, status):
    _, body = get(reply(status=status), reply(status=status), reply(BODY))
    assert body == BODY and len(server.requests) == 3


def test_length_that_is_too_long_is_a_cut_in_the_end(get, server, reply):
    with pytest.raises(UserFileError, match="was cut several times before the end.*Try again later"):
        get(reply(BODY, headers={"Content-Length": str(len(BODY) + 5)}))
    assert len(server.requests) == module.ATTEMPTS


def test_length_that_is_too_short_bounds_what_is_read(get, reply):
    _, body = get(reply(BODY, headers={"Content-Length": "1000"}))
    assert body == BODY[:1000]


@pytest.mark.parametrize("cut", [0, PART], ids=["from the start", "in the middle"])
def test_silent_server_times_out(get, server, reply, monkeypatch, cut):
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(UserFileError, match=r"127\.0\.0\.1 did not answer in time"):
        get(reply(BODY, cut=cut, silent=True))
    assert len(server.requests) == module.ATTEMPTS


def test_dripping_server_is_stalled(get, reply, monkeypatch):
    monkeypatch.setattr(module, "STALL_SECONDS", -1.0)
    monkeypatch.setattr(module, "STALL_BYTES", 2**30)
    with pytest.raises(UserFileError, match="sends too slowly for the download to end"):
        get(reply(BODY))


def test_announced_size_over_the_limit_is_refused_at_once(get, server, reply, tmp_path):
    with pytest.raises(
        UserFileError, match=r"It is 293 KiB where 1 KiB is the limit for downloads.*KTG_MAX_DOWNLOAD_GB"
    ):
        get(reply(BODY), limits=Limits(download=1024))
    assert len(server.requests) == 1 and not (tmp_path / "archive").exists()


def test_size_over_the_limit_is_stopped_without_an_announcement(get, server, reply, tmp_path):
    with pytest.raises(UserFileError, match="It is more where 97.7 KiB is the limit"):
        get(reply(BODY, headers={"Content-Length": None}), limits=Limits(download=PART))
    assert len(server.requests) == 1 and (tmp_path / "archive").stat().st_size <= PART + module.CHUNK


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "text/html", "the server sent a web page, no archive"),
        (b"Sign in, please" * 50, "text/html; charset=utf-8", "the server sent a web page, no archive"),
        (b"<", "text/html", "the server sent a web page"),
        (b'{"code": 7, "message": "login"}', "application/json", "the server sent a text file, no archive"),
        (b"PK\x03\x04" + bytes(100), "application/zip", "The server sent a zip file. Unpack it and give the folder"),
    ],
)
def test_what_is_no_archive_is_named(get, server, reply, body, kind, words):
    with pytest.raises(UserFileError, match=words):
        get(reply(body, headers={"Content-Type": kind}))
    assert len(server.requests) == 1


def test_archive_under_a_wrong_type_is_taken(get, reply):
    _, body = get(reply(BODY, headers={"Content-Type": "text/html"}))
    assert body == BODY


@pytest.mark.parametrize(("status", "words"), [(404, "no model at it"), (403, "refuses access"), (418, "error 418")])
def test_answers_that_will_not_change_are_not_asked_again(get, server, reply, status, words):
    with pytest.raises(UserFileError, match=words):
        get(reply(status=status))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(get, server, reply, status):
    store = server.add("/store/archive.tar.gz", reply(BODY))
    got, body = get(reply(status=status, headers={"Location": store + "?signature=secret"}))
    assert body == BODY and got.url == store


def test_redirects_in_a_circle_end(get, server, reply):
    with pytest.raises(UserFileError, match="redirects in a circle"):
        get(reply(status=302, headers={"Location": "/model.tar.gz?token=secret"}))
    assert len(server.requests) < 20


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://files.example/x", "gs://bucket/model"])
def test_redirects_out_of_the_web_are_refused(get, server, reply, target):
    with pytest.raises(
        UserFileError, match=r"the server redirects (to ftp:, which is|in a circle, or to) no web address"
    ):
        get(reply(status=302, headers={"Location": target}))


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        ("https://a.example/", "https://b.example/", True),
        ("http://a.example/", "https://b.example/", True),
        ("http://a.example/", "http://b.example/", True),
        ("https://a.example/", "http://localhost:8000/", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "http://127.0.0.1.example/", False),
    ],
)
def test_secure_connections_stay_secure(before, after, followed):
    redirects = module._Redirects(before, before)
    request = urllib.request.Request(before)
    if followed:
        assert redirects.redirect_request(request, None, 302, "", {}, after).full_url == after == redirects.url
    else:
        with pytest.raises(UserFileError, match="from https to http://.*, where anyone could alter it"):
            redirects.redirect_request(request, None, 302, "", {}, after)


def test_no_server_at_all(server, tmp_path):
    server.server_close()
    with pytest.raises(UserFileError, match=r"127\.0\.0\.1 refused the connection"):
        download(server.url, tmp_path / "archive", source=server.url)


def test_full_disk_says_what_to_do(get, reply, monkeypatch, tmp_path):
    class Full:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "open", Full, raising=False)
    with pytest.raises(UserFileError, match=r"cannot write the download to .*No space left.*TFHUB_CACHE_DIR"):
        get(reply(BODY))
