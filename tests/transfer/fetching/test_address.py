import subprocess
import sys

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.address import (
    HANDLE_FORMS,
    KAGGLE_FORM,
    archive_url,
    is_address,
    is_loopback,
    is_unencrypted,
    suggest_address,
)

QUERY = "tf-hub-format=compressed"
KAGGLE = "https://www.kaggle.com/models/google/progan"


def test_addresses_are_told_from_paths(tmp_path):
    assert all(map(is_address, ("https://tfhub.dev/a/b/1", "http://127.0.0.1/x", " HTTPS://A.example/x ")))
    assert not any(map(is_address, ("model.tar.gz", tmp_path, "gs://bucket/x", None)))


@pytest.mark.parametrize(("handle", "url"), [
    ("https://tfhub.dev/google/progan-128/1", f"https://tfhub.dev/google/progan-128/1?{QUERY}"),
    ("https://a.example/m?lang=en#top", f"https://a.example/m?lang=en&{QUERY}"),
    (f"https://a.example/m?{QUERY}", f"https://a.example/m?{QUERY}"),
    ("https://a.example/m.TAR.gz?signature=1", "https://a.example/m.TAR.gz?signature=1"),
    (f"{KAGGLE}/tensorFlow1/128/1", f"{KAGGLE}/tensorFlow1/128/1?{QUERY}"),
    (f"{KAGGLE}/tensorFlow1/128", f"{KAGGLE}/tensorFlow1/128?{QUERY}"),
    (f"{KAGGLE}/frameworks/tensorFlow1/variations/128/versions/1",
     f"{KAGGLE}/frameworks/tensorFlow1/variations/128/versions/1?{QUERY}"),
    ("https://www.kaggle.com/api/v1/models/a/b/tensorFlow2/c/1/download",
     f"https://www.kaggle.com/api/v1/models/a/b/tensorFlow2/c/1/download?{QUERY}"),
])  # fmt: skip
def test_archive_is_asked_for_by_the_protocol_of_tensorflow_hub(handle, url):
    assert archive_url(handle) == url


@pytest.mark.parametrize("path", ["/models/google/progan", "/models/google", "/google/progan", "/models/a/b/c/d/e/f"])
def test_kaggle_address_of_another_form_is_refused_with_the_form(path):
    with pytest.raises(UserFileError, match="Kaggle's addresses of models have another form") as caught:
        archive_url(f"https://www.kaggle.com{path}")
    assert KAGGLE_FORM in str(caught.value)


@pytest.mark.parametrize(
    "handle", ["https:///x", "https://user:word@a.example/x", "https://a.example/a b", "http://[x"]
)
def test_what_is_no_address_is_refused_with_the_forms(handle):
    with pytest.raises(UserFileError, match="this is no valid address.*without a password") as caught:
        archive_url(handle)
    assert HANDLE_FORMS in str(caught.value) and KAGGLE_FORM in HANDLE_FORMS


@pytest.mark.parametrize(("text", "address"), [
    ("tfhub.dev/google/progan-128/1", "https://tfhub.dev/google/progan-128/1"),
    ("kaggle.com/models/a/b/tensorFlow2/c/1", "https://kaggle.com/models/a/b/tensorFlow2/c/1"),
    ("google/progan/tensorFlow1/128/1", f"{KAGGLE}/tensorFlow1/128/1"),
    ("google/progan/tensorFlow1/128", f"{KAGGLE}/tensorFlow1/128"),
    ("runs/cats", ""), ("a/b/pyTorch/c/1", ""), ("runs/cats/tensorFlow1", ""),
])  # fmt: skip
def test_handle_without_https_is_completed(text, address):
    assert suggest_address(text) == address


def test_loopback_is_recognised_by_its_name():
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.3.2.1", "::1")))
    assert not any(map(is_loopback, ("localhost.example", "10.0.0.1", "127.0.0.1.example", "", None)))


def test_only_http_from_another_machine_is_unencrypted():
    assert is_unencrypted("http://models.example/x")
    assert not any(map(is_unencrypted, ("https://models.example/x", "http://127.0.0.1:80/x", "http://localhost/x")))


def test_nothing_heavy_is_loaded():
    code = "import sys, keras_transfer_gen.transfer.fetching.address; print({'tensorflow', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
