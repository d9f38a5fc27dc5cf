"""What tests of model sources share: a server on this machine, a cache of their own, small SavedModels, no way out."""

import dataclasses
import gzip
import http.server
import io
import socket
import tarfile
import threading
import urllib.parse

import pytest
import tensorflow as tf

from keras_transfer_gen.transfer.fetching import download


@dataclasses.dataclass
class Reply:
    """One answer of the server.

    Args:
        body: bytes.
        status: HTTP status.
        headers: more headers; a Content-Length of None is left out.
        cut: after so many bytes of the body the connection is closed.
        silent: after the body (or its cut) the connection stays open without a byte.
        ranges: answers a Range request with 206.
        query: what the query must be, else 404; None where anything goes.
    """

    body: bytes = b""
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    cut: int | None = None
    silent: bool = False
    ranges: bool = False
    query: str | None = None


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 - the name that http.server calls
        parts = urllib.parse.urlsplit(self.path)
        self.server.requests.append((parts.path, parts.query, dict(self.headers)))
        replies = self.server.routes.get(parts.path, [Reply(b"not here", 404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.query is not None and reply.query != parts.query:
            reply = Reply(b"wrong query", 404)
        status, body, extra = reply.status, reply.body, {}
        asked = self.headers.get("Range")
        if reply.ranges and asked and self.headers.get("If-Range") == reply.headers.get("ETag"):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            status, body = 206, reply.body[start:]
            extra = {"Content-Range": f"bytes {start}-{len(reply.body) - 1}/{len(reply.body)}"}
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers, **extra}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: reply.cut])
        self.wfile.flush()
        if reply.silent:
            self.server.over.wait(60)

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a client that gives up is what many tests are about
        pass

    def add(self, path, *replies):
        """Answers `path` with these replies one after the other, then with the last; returns its address."""
        self.routes[path] = list(replies)
        return self.url + path


@pytest.fixture
def server(only_loopback, monkeypatch):
    """A server on this machine: `add(path, Reply(...), ...)` returns an address; `requests` lists what was asked."""
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.01)
    with _Server(("127.0.0.1", 0), _Handler) as made:
        made.routes, made.requests, made.over = {}, [], threading.Event()
        made.url = f"http://127.0.0.1:{made.server_address[1]}"
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.over.set()
        made.shutdown()
        thread.join()


@pytest.fixture
def only_loopback(monkeypatch):
    """No connection but to this machine, whatever the code under test tries; and no proxy on the way."""
    monkeypatch.setenv("no_proxy", "*")
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_resolve(host, *args, **kwargs):
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise AssertionError(f"a test asked for the address of {host}")
        return resolve(host, *args, **kwargs)

    def guarded_connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in ("127.0.0.1", "::1"):
            raise AssertionError(f"a test connects to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)


@pytest.fixture
def hub_root(tmp_path, monkeypatch):
    """An empty cache of tensorflow-hub, and one of ours."""
    root = tmp_path / "hub"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(root))
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path / "ktg"))
    monkeypatch.delenv("KTG_OFFLINE", raising=False)
    monkeypatch.delenv("KTG_MAX_DOWNLOAD_GB", raising=False)
    return root


@pytest.fixture(scope="session")
def tf2_folder(tmp_path_factory):
    """A SavedModel of TF2 with one variable, x -> 3 x; nothing may be written to it."""
    module = tf.Module()
    module.scale = tf.Variable(tf.fill([500], 3.0))
    module.__call__ = tf.function(
        lambda x: x * module.scale[0], input_signature=[tf.TensorSpec((None,), tf.float32, name="x")]
    )
    folder = tmp_path_factory.mktemp("tf2") / "model"
    tf.saved_model.save(module, str(folder), signatures=module.__call__)
    return folder


@pytest.fixture(scope="session")
def tf1_folder(tmp_path_factory):
    """A SavedModel in the format of TF1 with one variable, y = 2 x; nothing may be written to it."""
    folder = tmp_path_factory.mktemp("tf1") / "model"
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        x = tf.compat.v1.placeholder(tf.float32, (None,), name="x")
        scale = tf.compat.v1.get_variable("scale", initializer=2.0, use_resource=False)
        y = x * scale
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
    return folder


@pytest.fixture(scope="session")
def pack():
    """Function `(folder, prefix="", leave_out=(), compress=True) -> bytes`: a .tar.gz of what is in the folder."""

    def make(folder, prefix="", leave_out=(), compress=True):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                if name not in leave_out:
                    tar.add(path, prefix + name, recursive=False)
        return gzip.compress(buffer.getvalue(), mtime=0) if compress else buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def tf2_archive(tf2_folder, pack):
    """`tf2_folder` as bytes of a .tar.gz."""
    return pack(tf2_folder)


@pytest.fixture
def reply():
    """The class `Reply`."""
    return Reply
