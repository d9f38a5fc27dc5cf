"""MkDocs hook: shows the live demo on its page, where `docs/make_live_demo.py` has written it."""

from pathlib import Path

FOLDER = "live_demo"  # in docs/
MARK = "<!-- live demo -->"
SHOWN = (
    f"[Open it in a page of its own]({FOLDER}/index.html), or try it here:\n\n"
    f'<iframe src="{FOLDER}/index.html" title="Live demo" loading="lazy" style="border:0;height:60rem;width:100%">'
    "</iframe>"
)


def on_page_markdown(markdown, page, config, files):
    """Puts the demo in the place of `MARK`; without the demo the text stays as it is."""
    if (Path(config["docs_dir"]) / FOLDER / "index.html").is_file():
        return markdown.replace(MARK, SHOWN)
    return markdown
