import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.gallery.access import check_token, is_loopback, is_own_page, knows_host, same_token

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.5", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback_is_this_machine_alone(host, expected):
    assert is_loopback(host) == expected


def test_a_token_is_needed_for_others_and_must_be_long():
    assert check_token("127.0.0.1", None) is None and check_token("0.0.0.0", TOKEN) == TOKEN
    for host in ("0.0.0.0", "192.168.1.5", "example.org"):
        with pytest.raises(UserError, match="`token` must be given where --host is not this machine.*--token"):
            check_token(host, None)
    for token in (TOKEN[1:], "", "é" * 20, "line\n" * 5):
        with pytest.raises(UserError, match="16 printable ASCII") as caught:
            check_token("127.0.0.1", token)
        assert not token or token not in str(caught.value)  # it may be a secret


def test_tokens_are_compared_whole():
    assert same_token(TOKEN, TOKEN)
    assert not any(same_token(TOKEN, other) for other in ("", TOKEN[:-1], TOKEN + "0", "é"))


@pytest.mark.parametrize(
    ("host", "port", "header", "expected"),
    [
        ("127.0.0.1", 8000, "127.0.0.1:8000", True),
        ("127.0.0.1", 8000, "localhost:8000", True),
        ("127.0.0.1", 8000, "[::1]:8000", True),
        ("127.0.0.1", 80, "localhost", True),
        ("127.0.0.1", 8000, "localhost", False),
        ("127.0.0.1", 8000, "localhost:8001", False),
        ("127.0.0.1", 8000, "evil.example:8000", False),
        ("127.0.0.1", 8000, "127.0.0.1.evil.example:8000", False),
        ("127.0.0.1", 8000, "", False),
        ("127.0.0.1", 8000, "a:b:c", False),
        ("10.0.0.5", 8000, "10.0.0.5:8000", True),
        ("10.0.0.5", 8000, "localhost:8000", False),
        ("0.0.0.0", 8000, "box.example:8000", True),
        ("0.0.0.0", 8000, "box.example:9", False),
    ],
)
def test_the_server_answers_to_its_own_names_alone(host, port, header, expected):
    assert knows_host(host, port, header) == expected


@pytest.mark.parametrize(
    ("origin", "site", "mode", "method", "path", "expected"),
    [
        (None, None, None, "GET", "/api/runs", True),  # no browser
        (None, "same-origin", "cors", "POST", "/api/zip", True),
        (None, "none", "navigate", "GET", "/api/runs/0/card", True),
        ("http://here:1", "same-origin", "cors", "POST", "/api/zip", True),
        ("https://here:1", None, None, "POST", "/api/zip", True),  # behind a proxy
        ("http://here:2", None, None, "POST", "/api/zip", False),
        ("http://evil.example", None, None, "GET", "/", False),
        ("null", None, None, "POST", "/api/zip", False),
        (None, "cross-site", "no-cors", "GET", "/api/runs/0/images/0/0.png", False),
        (None, "same-site", "cors", "GET", "/api/runs", False),
        (None, "cross-site", "navigate", "GET", "/", True),  # a link
        (None, "cross-site", "navigate", "POST", "/", False),
        (None, "cross-site", "navigate", "GET", "/api/runs/0/card", False),
    ],
)
def test_pages_of_other_sites_are_told_from_own_ones(origin, site, mode, method, path, expected):
    assert is_own_page("here:1", origin, site, mode, method, path) == expected
