"""Pages of the small models, written once a session; nothing may change them."""

import numpy as np
import pytest

from keras_transfer_gen.export.web.page_files import PageFacts
from keras_transfer_gen.export.web.write import write_web
from keras_transfer_gen.training.latents import render_numbered

KINDS = ("generator", "labels", "vae")


@pytest.fixture(scope="session")
def draw(servables):
    """Function (kind, ...) -> uint8 images of Python, with the arguments of `render_numbered` after the function."""

    def draw(kind, numbers, seed=0, truncation=None, label=None):
        servable, serve = servables[kind], servables[kind].functions["serve"]
        truncation = servable.spec.truncation if truncation is None else truncation

        def function(inputs):
            return serve.compute(**inputs if isinstance(inputs, dict) else {"latents": inputs})["images"]

        return render_numbered(function, numbers, servable.spec, seed, truncation, label)

    return draw


@pytest.fixture(scope="session")
def page_facts(servables, draw):
    """{kind: `PageFacts`} with two directions, that of the first number of the noise and that of the last."""
    facts = {}
    for kind in KINDS:
        spec = servables[kind].spec
        directions = np.eye(spec.latent_dim, dtype=np.float32)[[0, -1]]
        facts[kind] = PageFacts(f"{kind} & cats", spec, directions, np.array([9.0, 5.0]), draw(kind, [0])[0])
    return facts


@pytest.fixture(scope="session")
def pages(servables, page_facts, tmp_path_factory):
    """{kind: folder of its page}."""
    root = tmp_path_factory.mktemp("pages")
    return {kind: write_web(servables[kind], root / kind, page_facts[kind]) for kind in KINDS}
