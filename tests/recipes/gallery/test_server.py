import http.client
import socket
import threading

import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.gallery.app import MOST_BODY
from keras_transfer_gen.recipes.gallery.server import address_of, check_address, create_server, open_socket, run

pytest.importorskip("waitress", reason="the extra `serve` brings waitress")
TOKEN = "0123456789abcdef"


@pytest.fixture
def port(models):
    """Port of a gallery that runs."""
    listener = open_socket("127.0.0.1", 0)
    server = create_server(models, listener, "127.0.0.1")
    thread = threading.Thread(target=run, args=[server], daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.trigger.pull_trigger(server.close)  # in the server's own thread
    thread.join(10)


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_many_at_once_are_answered(port, models):
    answers, expected = [], models[1].png(models[1].key(3, 4))
    threads = [
        threading.Thread(target=lambda: answers.append(ask(port, "GET", "/api/runs/1/images/3/4.png")))
        for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(200, expected)] * 60


def test_large_requests_are_refused(port):
    assert ask(port, "POST", "/api/zip", b"0" * (MOST_BODY + 1))[0] == 413
    assert ask(port, "GET", "/", headers={"X": "0" * 20_000})[0] == 431
    assert ask(port, "GET", "/")[0] == 200


def test_addresses_are_checked():
    assert check_address("127.0.0.1", 0, None) == ("127.0.0.1", 0, None, None)
    for arguments in [("127.0.0.1", -1, None), ("127.0.0.1", 65_536, None), ("", 0, None), ("0.0.0.0", 0, None)]:
        with pytest.raises(UserError):
            check_address(*arguments)
    with pytest.raises(UserError, match="rate"):
        check_address("127.0.0.1", 0, None, 0)


def test_a_port_that_is_taken_and_a_name_that_there_is_not_are_refused(port):
    with pytest.raises(UserError, match="`port` must be free on 127.0.0.1.*--port"):
        open_socket("127.0.0.1", port)
    with pytest.raises(UserError, match="`host` must be a name or an address of this machine"):
        open_socket("nowhere.invalid", 0)


def test_the_address_names_the_token_where_there_is_one():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        assert address_of(listener, "127.0.0.1") == f"http://127.0.0.1:{number}/"
        assert address_of(listener, "0.0.0.0", "a&b") == f"http://localhost:{number}/?token=a%26b"
        assert address_of(listener, "::1") == f"http://[::1]:{number}/"
