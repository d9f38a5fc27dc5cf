import base64
import runpy
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the documentation needs the extra `docs`")
HOOK = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs/hooks/notebook_pages.py"))


def test_code_texts_and_images_of_a_notebook_are_shown_in_order():
    outputs = [
        {"output_type": "stream", "text": ["\x1b[1mone\x1b[0m\n", "two\n"]},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(b"png").decode(), "text/plain": "<F>"}},
        {"output_type": "execute_result", "data": {"text/plain": "```"}},
    ]  # fmt: skip
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "a = 1", "outputs": outputs},
    ]
    page, images = HOOK["notebook_page"]({"cells": cells}, "01_a")
    assert page == (
        "# Title\ntext\n\n```python\na = 1\n```\n\n```text\none\ntwo\n```\n\n"
        "![output 1 of this notebook](01_a_1.png)\n\n````text\n```\n````\n"
    )
    assert images == {"01_a_1.png": b"png"}


def test_a_badge_becomes_a_link_and_other_notebooks_are_pages():
    source = "# A\n\n[![Open in Colab](https://x.org/badge.svg)](https://x.org/a.ipynb) [b](02_b.ipynb)"
    page, _ = HOOK["notebook_page"]({"cells": [{"cell_type": "markdown", "source": source}]}, "01_a")
    assert page == "# A\n\n[Open in Colab](https://x.org/a.ipynb) [b](02_b.md)\n"
