"""MkDocs hook: the API reference. Every public name of the package stands on one of its pages, with its docstring."""

import ast
from pathlib import Path

from mkdocs.structure.files import File

PACKAGE = Path(__file__).resolve().parents[2] / "keras_transfer_gen"
GROUPS = {  # page -> (title, beginnings of the modules below keras_transfer_gen); the first that fits counts
    "training": ("Train in one call", ("recipes.training.", "recipes.settings.")),
    "images": ("Images", ("data.",)),
    "models": ("Models", ("recipes.models.", "training.gan", "training.vae", "specs", "transfer.fetching.")),
    "fit": (
        "What `compile` and `fit` take",
        ("training.", "objectives.", "transfer.regularizers.", "networks.priors."),
    ),
    "freezing": ("Freezing", ("transfer.freezing.", "transfer.paths", "spectral_norm")),
    "weights": ("Third-party models and weights", ("transfer.",)),
    "scores": ("Scores", ("metrics.", "recipes.scoring.")),
    "latents": ("Latents and edits", ("recipes.latent_tools.", "maths.")),
    "networks": ("Networks", ("networks.",)),
    "extending": ("Extend", ("protocols", "architectures", "tables")),
    "other": ("Other names", ("",)),
}
OPTIONS = """    options:
      heading: "{name}"
      toc_label: "{name}"
      show_root_heading: true
"""


def public_names():
    """dict of every public name -> (module, name there), read from the package's table without importing it."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    tables = (node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "_LAZY")
    return {name: tuple(path.split(":")) for name, path in ast.literal_eval(next(tables).value).items()}


def group_of(module):
    """The page that the names of a module stand on."""
    below = module.removeprefix("keras_transfer_gen.")
    return next(page for page, (_, starts) in GROUPS.items() if below.startswith(starts))


def reference_pages():
    """dict of page -> Markdown; a group without names has no page."""
    names = sorted(public_names().items(), key=lambda item: item[0].lower())
    pages = {}
    for page, (title, _) in GROUPS.items():
        entries = [(name, where) for name, where in names if group_of(where[0]) == page]
        if entries:
            blocks = [f"::: {module}.{own}\n{OPTIONS.format(name=name)}" for name, (module, own) in entries]
            intro = "All names are those of `import keras_transfer_gen as ktg`."
            pages[f"reference/{page}.md"] = "\n".join((f"# {title}\n\n{intro}\n", *blocks))
    return pages


def index_page():
    """Markdown of the list of all names, each with a link."""
    names = sorted(public_names().items(), key=lambda item: item[0].lower())
    lines = []
    for page, (title, _) in GROUPS.items():
        entries = [(name, ".".join(where)) for name, where in names if group_of(where[0]) == page]
        if entries:
            links = ", ".join(f"[`{name}`]({page}.md#{path})" for name, path in entries)
            lines.append(f"**[{title}]({page}.md)**\n\n{links}\n")
    intro = "Every public name, each with shapes, ranges, errors and an example. `import keras_transfer_gen as ktg`."
    return "\n".join((f"# API reference\n\n{intro}\n", *lines))


def on_files(files, config):
    """Adds the pages."""
    for uri, content in {"reference/index.md": index_page(), **reference_pages()}.items():
        files.append(File.generated(config, uri, content=content))
    return files
