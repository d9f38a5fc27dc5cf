import runpy
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the documentation needs the extra `docs`")
HOOK = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs/hooks/outside_files.py"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/runs.md", "runs.md"),
        ("saved_models/noto_gan_64/README.md", "presets/noto_gan_64.md"),
        ("saved_models/noto_gan_64/grid.png", "repository/saved_models/noto_gan_64/grid.png"),
        ("notebooks/a.ipynb", "notebooks/a.md"),
        ("setup.py", None),
        ("saved_models/no_such.png", None),
    ],
)
def test_files_have_their_place_in_the_site(path, expected):
    assert HOOK["site_path"](path) == expected


def test_every_outside_page_exists():
    assert [path for path in HOOK["PAGES"] if not (HOOK["ROOT"] / path).is_file()] == []


def test_links_lead_to_the_places_of_the_site():
    text = "[a](../CHANGELOG.md#x) [b](labels.md) [c](https://x.org/a.md)\n```\n[e](../CHANGELOG.md)\n```"
    new, copied = HOOK["rewrite_links"](text, "docs/runs.md")
    assert new.startswith("[a](changelog.md#x) [b](labels.md) [c](https://x.org/a.md)")
    assert new.endswith("```\n[e](../CHANGELOG.md)\n```") and copied == []


def test_links_of_outside_pages_lead_back_and_their_images_come_along():
    text = "![g](grid.png) [d](../../docs/defaults.md#vae)"
    new, copied = HOOK["rewrite_links"](text, "saved_models/noto_gan_64/README.md")
    assert new == "![g](../repository/saved_models/noto_gan_64/grid.png) [d](../defaults.md#vae)"
    assert copied == ["saved_models/noto_gan_64/grid.png"]
