"""Headless Chromium for tests of pages, driven over pipes: no package beside the browser is needed."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import threading
import time

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "chrome-headless-shell")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 120  # seconds for one answer


class PageError(Exception):
    """A script threw, or its promise was rejected."""


def find_chromium():
    """Path of a browser: `$KTG_CHROMIUM`, or one of `NAMES` in the PATH; None where there is none."""
    return os.environ.get("KTG_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


def needs_chromium():
    """Path of a browser; skips the test where there is none, and says what to install."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium here: install one (Debian: apt install chromium) or name it in KTG_CHROMIUM")
    return path


@contextlib.contextmanager
def chromium(profile, width=1200, height=900, phone=False):
    """A page of a headless Chromium whose network is off but for loopback; closed when the block ends.

    Args:
        profile: folder for the browser's files.
        width: of the window, in CSS pixels.
        height: of the window, in CSS pixels.
        phone: whether to be a touch screen with a dense display.
    """
    from_browser, to_us = os.pipe()
    from_us, to_browser = os.pipe()
    # Without a proxy on this port, every request but those to loopback fails.
    flags = [*FLAGS, f"--user-data-dir={profile}", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"]
    flags += ["--disable-features=Translate,OptimizationHints,MediaRouter"]

    def hand_over():
        reading, writing = os.dup(from_us), os.dup(to_us)  # out of the way of 3 and 4
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    process = subprocess.Popen(
        [needs_chromium(), *flags, "about:blank"], preexec_fn=hand_over, close_fds=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(from_us)
    os.close(to_us)
    connection = _Connection(to_browser, from_browser)
    try:
        yield Page(connection, width, height, phone)
    finally:
        with contextlib.suppress(Exception):
            connection.send("Browser.close")
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        connection.close()


class _Connection:
    """Chromium's debugging protocol: JSON messages with a zero byte behind each."""

    def __init__(self, write, read):
        self.write, self.read = write, read
        self.events, self.answers = [], {}
        self.number = 0
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def send(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        content = json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        while content:
            content = content[os.write(self.write, content) :]
        with self.changed:
            if not self.changed.wait_for(lambda: self.number in self.answers, PATIENCE):
                raise TimeoutError(f"Chromium does not answer {method}")
            answer = self.answers.pop(self.number)
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def close(self):
        os.close(self.write)
        self.thread.join(5)
        os.close(self.read)

    def _listen(self):
        rest = b""
        while content := os.read(self.read, 1 << 16):
            *messages, rest = (rest + content).split(b"\0")
            with self.changed:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self.answers[message["id"]] = message
                    else:
                        self.events.append(message)
                self.changed.notify_all()


class Page:
    """A page: where it goes, what its scripts return, and everything that it complained of or asked for."""

    def __init__(self, connection, width, height, phone):
        self.connection = connection
        target = connection.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = connection.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height, phone)

    def send(self, method, **parameters):
        return self.connection.send(method, self.session, **parameters)

    def resize(self, width, height, phone=False):
        """Sets the size of the window, and whether it is that of a phone."""
        factor = 2 if phone else 1
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=factor, mobile=phone
        )

    def open(self, address):
        """Goes to an address and waits until it is loaded; what was noted of earlier pages is forgotten."""
        self.connection.events.clear()
        result = self.send("Page.navigate", url=address)
        if result.get("errorText"):
            raise PageError(f"{address}: {result['errorText']}")
        end = time.monotonic() + PATIENCE
        while not self._events("Page.loadEventFired"):
            if time.monotonic() > end:
                raise TimeoutError(address)
            time.sleep(0.02)

    def run(self, script):
        """The value of a JavaScript expression; promises are awaited. A `PageError` where it throws."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def press(self, key):
        """Presses a key and lets it go."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        codes = {"Enter": 13, "ArrowRight": 39, "ArrowDown": 40, "ArrowLeft": 37, "End": 35}
        code = {"windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def screenshot(self, path, full=True):
        """Writes a PNG of the page, or of what fits into the window."""
        image = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(image["data"]))

    @property
    def complaints(self):
        """What the page wrote to the console as a warning or an error, and exceptions (list of str)."""
        texts = []
        for event in self.connection.events:
            content = event.get("params", {})
            if event["method"] == "Log.entryAdded" and content["entry"]["level"] in ("error", "warning"):
                texts.append(f"{content['entry']['text']} {content['entry'].get('url', '')}")
            if event["method"] == "Runtime.consoleAPICalled" and content["type"] in ("error", "warning", "assert"):
                texts.append(" ".join(str(value.get("value")) for value in content["args"]))
            if event["method"] == "Runtime.exceptionThrown":
                texts.append(content["exceptionDetails"]["text"])
        return texts

    @property
    def requests(self):
        """Addresses of everything that the page asked for, but data: and blob: (list of str)."""
        addresses = [event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [address for address in addresses if not address.startswith(("data:", "blob:"))]

    def _events(self, method):
        return [event for event in list(self.connection.events) if event["method"] == method]
