import http.server
import threading
import time

import pytest

from keras_transfer_gen.recipes.machine.network import SERVERS, check_network


@pytest.fixture
def address(monkeypatch):
    """A server that answers HEAD with 404, or after a second for /slow."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):  # noqa: N802  http.server's name
            if self.path == "/slow":
                time.sleep(1.0)
            self.send_error(404)

        def log_message(self, *arguments):
            pass

    monkeypatch.delenv("KTG_OFFLINE", raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_any_answer_counts_and_silence_is_a_warning_with_its_fix(address, monkeypatch):
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    servers = {"up": (f"{address}/", "a"), "slow": (f"{address}/slow", "b"), "down": ("http://127.0.0.1:9/", "c")}
    up, slow, down = check_network(servers, seconds=0.3)
    assert (up.status, up.facts["reachable"]) == ("ok", True)
    assert (slow.status, down.status) == ("warning", "warning") and slow.facts["seconds"] < 0.9
    assert "set HTTPS_PROXY" in down.fix and "Needed only for c" in down.fix
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert "Check HTTPS_PROXY" in check_network({"down": servers["down"]}, 0.3)[0].fix


def test_nothing_is_asked_where_requests_are_switched_off(monkeypatch):
    monkeypatch.setenv("KTG_OFFLINE", "1")
    (note,) = check_network()
    assert note.status == "note" and "KTG_OFFLINE" in note.fix and len(SERVERS) == 3
