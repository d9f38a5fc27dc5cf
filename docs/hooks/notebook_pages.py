"""MkDocs hook: each notebook becomes a page with its code, its outputs and its images."""

import base64
import json
import re
from pathlib import Path

from mkdocs.structure.files import File

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\]")  # an image of another host inside a link
OTHER = re.compile(r"(?<=\]\()(\w+)\.ipynb(?=\))")  # a link to the notebook beside it
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # colours of a terminal


def _fence(language, text):
    """A block of code, with a fence longer than any inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def _joined(value):
    return value if isinstance(value, str) else "".join(value)


def notebook_page(notebook, stem):
    """A notebook as Markdown.

    Args:
        notebook: dict, the content of an .ipynb file.
        stem: str, the name of the page; its images are named after it.

    Returns:
        (str, dict): Markdown, and the page's images, name -> bytes.
    """
    parts, images = [], {}
    for cell in notebook["cells"]:
        source = _joined(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(OTHER.sub(r"\1.md", BADGE.sub(r"[\1]", source)))
            continue
        parts.append(_fence("python", source))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{stem}_{len(images) + 1}.png"
                images[name] = base64.b64decode(_joined(data["image/png"]))
                parts.append(f"![output {len(images)} of this notebook]({name})")
            elif text := ESCAPES.sub("", _joined(output.get("text", data.get("text/plain", "")))).strip("\n"):
                parts.append(_fence("text", text))
    return "\n\n".join(parts) + "\n", images


def on_files(files, config):
    """Adds a page and the images of each notebook, and the notebook itself."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        page, images = notebook_page(json.loads(path.read_text(encoding="utf-8")), path.stem)
        link = f"\n[Download this notebook]({path.name}){{ download }}\n"
        title, _, rest = page.partition("\n")
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=f"{title}\n{link}{rest}"))
        files.append(File.generated(config, f"notebooks/{path.name}", abs_src_path=str(path)))
        for name, content in images.items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files
