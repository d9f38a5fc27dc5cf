"""The files of the page: what the model is, as data of scripts, and HTML that links or holds all of them."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import html
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.specs import ModelSpec

if TYPE_CHECKING:
    from keras_transfer_gen.export.web.runtime import Runtime


FOLDER = "page"
STYLE = "style.css"
OWN_SCRIPTS = ("random.js", "latents.js", "generator.js", "page.js")
LINKED = "files"  # the folder of the scripts that a page links
ABOUT = "Made with keras_transfer_gen. Runs in this browser with LiteRT.js (Apache-2.0); sends nothing anywhere."


@dataclasses.dataclass(frozen=True)
class PageFacts:
    """What a page knows of its model beside the weights.

    Args:
        title: heading of the page.
        spec: `ModelSpec`.
        directions: float32 `[K, latent_dim]`, unit vectors in the space of the noise, for sliders.
        effects: floats `[K]`, by how many pixel levels one step along each direction changes an image.
        first_image: uint8 `[S, S, C]`, image 0 of seed 0, as Python generates it. The page compares its own with it.
        takes_truncation: whether the truncation is an input of the generator, so that latents keep their length.
        levels: by how many pixel levels the page's first image may differ from Python's; None of smaller numbers than
            float16, where its PSNR says whether it is right.
    """

    title: str
    spec: ModelSpec
    directions: np.ndarray
    effects: np.ndarray
    first_image: np.ndarray
    takes_truncation: bool = False
    levels: float | None = 2.0

    def to_dict(self) -> dict[str, Any]:
        """The facts as the page's scripts read them, ready for JSON."""
        spec = self.spec
        names = ("image_size", "channels", "latent_dim", "distribution", "num_classes", "truncation")
        licence = f"Licence of the weights: {spec.licence}." if spec.licence else "Licence of the weights: not stated."
        return {
            **{name: getattr(spec, name) for name in names},
            "class_names": list(spec.class_names),
            "class_bounds": np.float32(np.cumsum(spec.class_shares)[:-1]).tolist(),
            "takes_truncation": self.takes_truncation,
            "levels": self.levels,
            "directions": as_base64(np.asarray(self.directions, "<f4").tobytes()),
            "effects": [round(float(effect), 3) for effect in self.effects],
            "first_image": as_base64(np.asarray(self.first_image, np.uint8).tobytes()),
            "footer": " ".join(text for text in (spec.source, licence, ABOUT) if text),
        }


def page_scripts(facts: PageFacts, model: bytes, runtime: Runtime) -> dict[str, str]:
    """Every script of the page, in the order in which they run: {file name: JavaScript}.

    Args:
        facts: `PageFacts`.
        model: the TFLite file, bytes.
        runtime: `Runtime`.
    """
    own = {name: read_text(name) for name in OWN_SCRIPTS}
    return {
        "facts.js": f'"use strict";\nconst FACTS = {json.dumps(facts.to_dict(), allow_nan=False)};\n',
        "model.js": _constant("MODEL_TFLITE", gzip.compress(model, mtime=0)),
        "litert_wasm.js": _constant("LITERT_WASM", runtime.wasm),
        "litert_loader.js": runtime.loader,
        "litert.js": runtime.core,
        **own,
    }


def linked_page(title: str, scripts: dict[str, str]) -> tuple[str, dict[str, str]]:
    """HTML of a page that links its scripts: (HTML, {path: text} of the files beside it).

    Args:
        title: heading of the page.
        scripts: {file name: JavaScript}, in order.
    """
    tags = [f'<script src="{LINKED}/{name}"></script>' for name in scripts]
    style = f'<link rel="stylesheet" href="{LINKED}/{STYLE}">'
    texts = {STYLE: read_text(STYLE), **scripts}
    return _page(title, style, "\n".join(tags)), {f"{LINKED}/{name}": text for name, text in texts.items()}


def single_page(title: str, scripts: dict[str, str]) -> str:
    """HTML of a page that holds its scripts.

    Args:
        title: heading of the page.
        scripts: {file name: JavaScript}, in order.
    """
    tags = [f"<script>\n{_inline(text)}\n</script>" for text in scripts.values()]
    return _page(title, f"<style>\n{read_text(STYLE)}</style>", "\n".join(tags))


def read_text(name: str) -> str:
    """The text of a file of the page."""
    return resources.files(__package__).joinpath(FOLDER, name).read_text(encoding="utf-8")


def as_base64(content: Any) -> str:
    """Bytes -> base64 text."""
    return base64.b64encode(content).decode("ascii")


def _page(title: str, style: str, scripts: str) -> str:
    text = read_text("page.html").replace("{{TITLE}}", html.escape(title))
    return text.replace("{{STYLE}}", style).replace("{{SCRIPTS}}", scripts)


def _constant(name: str, content: Any) -> str:
    return f'"use strict";\nconst {name} = "{as_base64(content)}";\n'


def _inline(script: str) -> str:
    """A script that stays one inside of HTML: `</script` and `<!--` would end it, or change how it is read."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
