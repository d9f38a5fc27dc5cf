import http.client
import socket
import ssl
import urllib.error

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.download_errors import (
    StalledError,
    explain,
    is_transient,
    login_hint,
    redirect_error,
)

SOURCE = "https://models.example/gan/1"


def status(code):
    return urllib.error.HTTPError(SOURCE, code, "", {}, None)


def inside(reason):
    return urllib.error.URLError(reason)


CASES = [
    (inside(socket.gaierror(-2, "Name or service not known")), "no computer named 'models.example'", False),
    (inside(ConnectionRefusedError(111, "refused")), "models.example refused the connection", False),
    (inside(ssl.SSLCertVerificationError(1, "x")), "certificate of models.example .*SSL_CERT_FILE", False),
    (inside(ssl.SSLError(1, "wrong version number")), "could not be fetched: wrong version", False),
    (inside(TimeoutError()), "did not answer in time", True),
    (TimeoutError(), "did not answer in time", True),
    (StalledError(), "sends too slowly", True),
    (ConnectionResetError(104, "reset"), "broke off the connection", True),
    (http.client.RemoteDisconnected("x"), "broke off the connection", True),
    (http.client.IncompleteRead(b""), "was cut several times", True),
    (http.client.BadStatusLine("x"), "could not be fetched", True),
    (http.client.InvalidURL("x"), "is no valid address.*percent-encoding", False),
    (UnicodeEncodeError("ascii", "ä", 0, 1, "x"), "is no valid address", False),
    (OSError(113, "No route to host"), "could not be fetched: No route to host", False),
    (inside("unknown url type: foo"), "unknown url type", False),
    (status(404), r"there is no model at it \(404\)", False),
    (status(410), r"there is no model at it \(410\)", False),
    (status(401), r"refuses access \(401\)", False),
    (status(403), r"refuses access \(403\)", False),
    (status(429), r"busy or broken \(429\).*Try again later", True),
    (status(503), r"busy or broken \(503\)", True),
    (status(302), "redirects in a circle", False),
    (status(418), "answered with the error 418", False),
]


@pytest.mark.parametrize(("error", "words", "transient"), CASES, ids=lambda case: str(case)[:30])
def test_each_error_is_one_sentence_with_a_next_step(error, words, transient):
    explained = explain(error, SOURCE)
    assert isinstance(explained, UserFileError) and "\n" not in str(explained)
    assert str(explained).partition(" But ")[2].count(". ") >= 1  # what happened, then what to do
    with pytest.raises(UserFileError, match=rf"`source` must be .* Received: source='{SOURCE}'\. But .*{words}"):
        raise explained
    assert is_transient(error) is transient


def test_the_host_of_a_redirect_is_named():
    assert "store.example refused" in str(explain(ConnectionRefusedError(), SOURCE, "https://store.example/x"))


def test_kaggle_is_known_to_ask_for_a_login():
    for source, url in (("https://www.kaggle.com/models/a/b", ""), ("https://tfhub.dev/a/b/1", "https://kaggle.com/x")):
        assert "Kaggle needs a login for some models" in login_hint(source, url)
    assert "login" not in login_hint("https://notkaggle.example/kaggle.com")


def test_refused_redirect_says_where():
    assert "the server redirects to gs:. Give the address" in str(redirect_error(SOURCE, "to gs:"))
