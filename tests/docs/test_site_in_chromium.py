"""Every page and image of the site, opened once in headless Chromium: wide, on a phone, and from disk."""

import contextlib
import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.chromium import chromium, needs_chromium

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"wide": (1280, 900, False), "phone": (390, 844, True)}
LOADED = """
(async () => {
  const images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map((image) => image.decode().catch(() => 0)));
  return {
    broken: images.filter((image) => !image.naturalWidth).map((image) => image.src),
    images: images.map((image) => image.src),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    heading: document.querySelector("h1") ? document.querySelector("h1").innerText : "",
  };
})()
"""
SEARCH = """
(async () => {
  const field = document.querySelector("[data-md-component=search-query]");
  field.focus();
  field.value = "freeze";
  for (const name of ["keyup", "input", "change"]) field.dispatchEvent(new Event(name, {bubbles: true}));
  for (let wait = 0; wait < 300; wait++) {
    const count = document.querySelectorAll(".md-search-result__item").length;
    if (count) return count;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return 0;
})()
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("material", reason="the documentation needs the extra `docs`")
    pytest.importorskip("mkdocstrings", reason="the documentation needs the extra `docs`")
    needs_chromium()
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"NO_MKDOCS_2_WARNING": "1"})
    return folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(folder):
    """Address of a static server of a folder, on a free port of this machine."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("size", SIZES)
def test_every_page_opens_without_a_complaint(site, size, tmp_path):
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    faults, seen = [], set()
    with serve(site) as address, chromium(tmp_path, *SIZES[size]) as browser:
        for page in pages:
            browser.open(f"{address}/{page}")
            state = browser.run(LOADED)
            seen |= set(state["images"])
            faults += [f"{page}: {image} is broken" for image in state["broken"]]
            faults += [f"{page}: {text}" for text in browser.complaints]
            faults += [f"{page}: asks for {name}" for name in browser.requests if not name.startswith(address)]
            if state["overflow"] > 0:
                faults.append(f"{page}: is {state['overflow']} px wider than the window")
            if not state["heading"]:
                faults.append(f"{page}: has no heading")
    assert faults == []
    assert len(pages) > 45 and len(seen) > 10


@pytest.mark.parametrize("origin", ["server", "disk"])
def test_search_answers(site, origin, tmp_path):
    with serve(site) as address, chromium(tmp_path) as browser:
        browser.open(f"{address if origin == 'server' else site.as_uri()}/index.html")
        assert browser.run(SEARCH) > 0 and browser.complaints == []
