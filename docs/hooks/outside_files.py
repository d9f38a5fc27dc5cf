"""MkDocs hook: files of the repository that pages link to and that lie outside of docs/.

Markdown files become pages of the site, other files are copied as they are. Links lead to them.
"""

import posixpath
import re
from pathlib import Path, PurePosixPath

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
PAGES = {  # file of the repository -> page of the site
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/README.md": "example_images.md",
    "benchmarks/results/conditional_fashion/table.md": "measured/conditional_fashion.md",
    "benchmarks/results/counterparts/table.md": "measured/counterparts.md",
    "benchmarks/results/far/table.md": "measured/far.md",
    "benchmarks/results/kinds/table.md": "measured/kinds.md",
    "benchmarks/results/litert/table.md": "measured/litert.md",
    "benchmarks/results/masked_prior/table.md": "measured/masked_prior.md",
    "benchmarks/results/near/table.md": "measured/near.md",
    "benchmarks/results/new_style/table.md": "measured/new_style.md",
    "benchmarks/results/objectives/objectives.md": "measured/objectives.md",
    "benchmarks/results/restyle/table.md": "measured/restyle.md",
    "benchmarks/results/source_classes/table.md": "measured/source_classes.md",
    "benchmarks/results/sources/table.md": "measured/sources.md",
    "benchmarks/results/sources_128/table.md": "measured/sources_128.md",
    "benchmarks/results/sources_blended/table.md": "measured/sources_blended.md",
    "benchmarks/results/sources_far/table.md": "measured/sources_far.md",
    "benchmarks/results/sources_ten/table.md": "measured/sources_ten.md",
    "benchmarks/results/stylegan2_near/table.md": "measured/stylegan2.md",
    "benchmarks/results/third_party/table.md": "measured/third_party.md",
    "benchmarks/results/vae_grey/table.md": "measured/vae_grey.md",
    "benchmarks/results/vae_near/table.md": "measured/vae_near.md",
    "benchmarks/results/vae_pytorch/vae_against_pytorch.md": "measured/vae_pytorch.md",
    "saved_models/emoji_128/README.md": "presets/emoji_128.md",
    "saved_models/emoji_64/README.md": "presets/emoji_64.md",
    "saved_models/emoji_vq_64/README.md": "presets/emoji_vq_64.md",
    "saved_models/fashion_vae_28/README.md": "presets/fashion_vae_28.md",
    "saved_models/noto_gan_64/README.md": "presets/noto_gan_64.md",
    "saved_models/noto_vae_64/README.md": "presets/noto_vae_64.md",
}
COPIED = {".png", ".gif", ".json", ".csv"}  # linked files of these kinds come along as they are
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
FENCE = re.compile(r"(```.*?```)", re.DOTALL)


def site_path(path):
    """Where a file of the repository lies in the site, or None where it has no place there.

    Args:
        path: str, relative to the repository, such as "docs/runs.md" or "saved_models/noto_gan_64/grid.png".

    Returns:
        str relative to the site's source, such as "runs.md" or "repository/saved_models/noto_gan_64/grid.png".
    """
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        return path.removesuffix(".ipynb") + ".md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path in PAGES:
        return PAGES[path]
    return f"repository/{path}" if PurePosixPath(path).suffix in COPIED and (ROOT / path).is_file() else None


def rewrite_links(text, path):
    """Markdown of a file of the repository, whose relative links fit the site.

    Args:
        text: str, Markdown.
        path: str, the file's place relative to the repository.

    Returns:
        (str, list of str): the text, and the linked files that are to be copied, relative to the repository.
    """
    here, copied = posixpath.dirname(site_path(path)), []

    def replaced(match):
        link, anchor = match[1], match[2] or ""
        if "://" in link or link.startswith(("mailto:", "/")):
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        new = site_path(target)
        if new is None:
            return match[0]  # the strict build complains
        if new.startswith("repository/"):
            copied.append(target)
        return posixpath.relpath(new, here or ".") + anchor

    parts = FENCE.split(text)
    parts[::2] = [LINK.sub(replaced, part) for part in parts[::2]]
    return "".join(parts), copied


def on_files(files, config):
    """Adds the pages of `PAGES`, and what any page links to outside of docs/."""
    copied = set()
    for path, uri in PAGES.items():
        text, names = rewrite_links((ROOT / path).read_text(encoding="utf-8"), path)
        copied.update(names)
        files.append(File.generated(config, uri, content=text))
    for file in files.documentation_pages():
        if file.abs_src_path is not None and file.generated_by is None:
            _, names = rewrite_links(Path(file.abs_src_path).read_text(encoding="utf-8"), f"docs/{file.src_uri}")
            copied.update(names)
    for name in sorted(copied):
        files.append(File.generated(config, f"repository/{name}", abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links of the pages of docs/ lead to the site's places."""
    if page.file.generated_by is not None:
        return markdown
    return rewrite_links(markdown, f"docs/{page.file.src_uri}")[0]
