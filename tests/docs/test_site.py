"""The documentation site is built without a warning; its pages, links and images are there."""

import html.parser
import posixpath
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import keras_transfer_gen as ktg

ROOT = Path(__file__).resolve().parents[2]


def pages_in(nav):
    """Every page that a nav of mkdocs.yml names."""
    for entry in nav:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from pages_in(value) if isinstance(value, list) else [value]


def test_every_page_has_its_line_in_the_nav():
    named = list(pages_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    written |= {f"notebooks/{path.stem}.md" for path in (ROOT / "notebooks").glob("*.ipynb")}
    missing = sorted(written - set(named))
    assert missing == [], f"add a line for each of these pages to `nav` in mkdocs.yml: {missing}"
    assert len(named) == len(set(named))


class Links(html.parser.HTMLParser):
    """What a page links to and loads, and the anchors that it has."""

    def __init__(self):
        super().__init__()
        self.targets, self.loaded, self.anchors = [], [], set()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.targets.append(values["href"])
        if tag in ("img", "script", "iframe", "source", "video") and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "dns-prefetch"):
            self.loaded.append(values["href"])


def read_links(path):
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    pytest.importorskip("material", reason="the documentation needs the extra `docs`")
    pytest.importorskip("mkdocstrings", reason="the documentation needs the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def links_of(site):
    """Path of each page -> its links."""
    return {path: read_links(path) for path in sorted(site.rglob("*.html"))}


def broken_links(site, links_of):
    """(page, link) of each link or file inside the site that is not there."""
    broken = []
    for path, links in links_of.items():
        for link in [*links.targets, *links.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            folder = posixpath.join(path.parent.as_posix(), unquote(parts.path))
            target = Path(posixpath.normpath(folder)) if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            wanted = unquote(parts.fragment)
            known = links_of[target].anchors if target in links_of else set()
            if not target.is_file() or (wanted and target.suffix == ".html" and wanted not in known):
                broken.append((path.relative_to(site).as_posix(), link))
    return broken


def test_every_link_and_image_of_the_site_is_there(site, links_of):
    assert len(links_of) > 40 and broken_links(site, links_of) == []


def test_broken_links_are_noticed(tmp_path):
    page = tmp_path / "a.html"
    page.write_text('<a id="x" href="#x"></a><a href="#y"></a><a href="b.html"></a><img src="c.png">', "utf-8")
    assert [link for _, link in broken_links(tmp_path, {page: read_links(page)})] == ["#y", "b.html", "c.png"]


def test_pages_load_nothing_from_other_hosts(site, links_of):
    outside = [(path.name, name) for path, links in links_of.items() for name in links.loaded if urlsplit(name).netloc]
    assert outside == []
    sheets = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert "@import" not in sheets and "url(http" not in sheets and "url(//" not in sheets


def test_reference_has_every_public_name(site, links_of):
    index = (site / "reference" / "index.html").read_text("utf-8")
    headings = set().union(*(links.anchors for path, links in links_of.items() if path.parent.name == "reference"))
    paths = {name: where.replace(":", ".") for name, where in ktg._LAZY.items()}
    assert [name for name, path in paths.items() if path not in headings or f">{name}<" not in index] == []


def test_site_can_be_searched(site):
    assert "add_feature_heads" in (site / "search" / "search_index.js").read_text("utf-8")
