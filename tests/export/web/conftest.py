"""Pages of the small models, written once a session; nothing may change them."""

import numpy as np
import pytest

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.numbered_images import has_truncation
from keras_transfer_gen.export.web.page_files import PageFacts
from keras_transfer_gen.export.web.write import write_web
from keras_transfer_gen.recipes.models.export_web import served_inputs
from keras_transfer_gen.training.latents import render_numbered
from tests.export.small_models import STYLE_SPEC, small_style_generator

KINDS = ("generator", "labels", "vae", "style")


@pytest.fixture(scope="session")
def web_servables(servables):
    """{kind: `Servable`}; "style" takes a truncation, and draws one class more often than the other."""
    return {**servables, "style": generator_servable(small_style_generator(), STYLE_SPEC)}


@pytest.fixture(scope="session")
def draw(web_servables):
    """Function (kind, ...) -> uint8 images of Python, with the arguments of `render_numbered` after the function."""

    def draw(kind, numbers, seed=0, truncation=None, label=None):
        servable, serve = web_servables[kind], web_servables[kind].functions["serve"]
        truncation = servable.spec.truncation if truncation is None else truncation

        def function(inputs):
            return serve.compute(**inputs if isinstance(inputs, dict) else {"latents": inputs})["images"]

        inputs = served_inputs(servable)
        return render_numbered(function, numbers, servable.spec, seed, truncation, label, inputs)

    return draw


@pytest.fixture(scope="session")
def page_facts(web_servables, draw):
    """{kind: `PageFacts`} with two directions, that of the first number of the noise and that of the last."""
    facts = {}
    for kind in KINDS:
        spec, serve = web_servables[kind].spec, web_servables[kind].functions["serve"]
        directions = np.eye(spec.latent_dim, dtype=np.float32)[[0, -1]]
        first = draw(kind, [0])[0]
        facts[kind] = PageFacts(f"{kind} & cats", spec, directions, np.array([9.0, 5.0]), first, has_truncation(serve))
    return facts


@pytest.fixture(scope="session")
def pages(web_servables, page_facts, tmp_path_factory):
    """{kind: folder of its page}."""
    root = tmp_path_factory.mktemp("pages")
    return {kind: write_web(web_servables[kind], root / kind, page_facts[kind]) for kind in KINDS}
