"""Whether the servers that models and data sets are fetched from can be reached. Standard library alone."""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.request

from keras_transfer_gen.recipes.machine.finding import NOTE, OK, WARNING, Finding
from keras_transfer_gen.transfer.fetching.fetch import OFFLINE, is_offline

AREA = "network"
SECONDS = 3.0  # that a server has to answer
GRACE = 0.2  # seconds, so that a server's own reason comes before "no answer in time"
SERVERS = {  # name: (address, what it is needed for)
    "Kaggle": ("https://www.kaggle.com/models", "models from https://www.kaggle.com/models/..."),
    "TF Hub": ("https://tfhub.dev/", "models from https://tfhub.dev/..."),
    "TensorFlow Datasets": ("https://storage.googleapis.com/tfds-data/", "--data tfds:NAME"),
}


def check_network(servers: dict[str, tuple[str, str]] | None = None, seconds: float = SECONDS) -> list[Finding]:
    """A `Finding` for each server; none is asked where requests are switched off.

    Args:
        servers: {name: (address, purpose)}; `SERVERS` by default.
        seconds: how long a server may take to answer.
    """
    servers = SERVERS if servers is None else servers
    if is_offline(None):
        text = f"switched off by the environment variable {OFFLINE}"
        return [Finding(AREA, "requests", NOTE, text, f"Unset {OFFLINE} to allow requests.")]
    answers = {}

    def ask(name: str, address: str) -> None:
        answers[name] = _ask(address, seconds)

    end = time.monotonic() + seconds
    # Threads of their own that nobody waits for at the end: looking up a name has no time limit.
    threads = [threading.Thread(target=ask, args=(name, servers[name][0]), daemon=True) for name in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0.0) + GRACE)
    late = ("no answer in time", seconds)
    return [_finding(name, *server, *answers.get(name, late)) for name, server in servers.items()]


def _ask(address: str, seconds: float) -> tuple[str, float]:
    """(why it can't be reached or "", seconds): any answer of the server is one, an error page too."""
    start = time.monotonic()
    request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "keras_transfer_gen"})
    try:
        urllib.request.urlopen(request, timeout=seconds).close()
    except urllib.error.HTTPError as answer:
        if answer.code == 407:
            return "the proxy asks for a password", time.monotonic() - start
    except (OSError, ValueError) as error:  # URLError, timeouts and TLS errors are OSErrors
        return str(getattr(error, "reason", error)) or type(error).__name__, time.monotonic() - start
    return "", time.monotonic() - start


def _finding(name: str, address: str, purpose: str, reason: str, seconds: float) -> Finding:
    facts = {"address": address, "seconds": round(seconds, 2), "reachable": not reason}
    if not reason:
        return Finding(AREA, name, OK, f"answers in {seconds:.1f} s", facts=facts)
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    way = "Check HTTPS_PROXY, the proxy that is set" if proxy else "Check the connection; set HTTPS_PROXY for a proxy"
    fix = f"{way}. Needed only for {purpose}; presets and your own files need no network."
    return Finding(AREA, name, WARNING, f"can't be reached: {reason}", fix, facts)
