"""Pictures of a page, as wide as a desk and as a phone.

    KTG_SCREENSHOTS=docs/images python -m pytest tests/export/web/test_screenshots.py

writes those of the documentation, of the shipped preset.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.chromium import chromium, needs_chromium

OUT = os.environ.get("KTG_SCREENSHOTS")
PRESET = "noto_gan_64"
SEED = 3
SIZES = {"wide": (1100, 800, False), "phone": (390, 844, True)}  # CSS pixels; phones have two pixels for each
MOST_COLOURS = 128  # of the files in docs/


@pytest.fixture
def shown_page(pages, tmp_path):
    """HTML file of the page that is shown."""
    if not OUT:
        return pages["generator"] / "single.html"
    from keras_transfer_gen.recipes.models.export_web import export_web

    return export_web(PRESET, tmp_path / PRESET) / "single.html"


def test_pictures_show_the_page_in_both_sizes(shown_page, tmp_path):
    needs_chromium()
    folder = Path(OUT) if OUT else tmp_path
    with chromium(tmp_path / "profile") as page:
        for name, size in SIZES.items():
            page.resize(*size)
            page.open(shown_page.as_uri())
            page.run("ktg.ready.then(() => ktg.drawn)")
            page.run(f"document.getElementById('seed').value = {SEED}")
            page.run("document.querySelector('#controls button').click()")
            page.run("ktg.drawn")
            file = folder / f"browser_{name}.png"
            page.screenshot(file, full=False)
            factor = 2 if size[2] else 1
            picture = Image.open(file).convert("RGB")
            assert picture.size == (size[0] * factor, size[1] * factor)
            assert np.asarray(picture).std() > 10  # something is to be seen
            if OUT:
                picture.quantize(MOST_COLOURS).save(file, optimize=True)
