import json
import re

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.recipes.models.export_web import (
    DIRECTIONS,
    export_web,
    images_for,
    measure_page,
    serve_function,
)
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.training.latents import numbered_latents, render_numbered
from tests.chromium import chromium, needs_chromium
from tests.export.small_models import LABELS_SPEC, generator_with_labels
from tests.saved_model_fixtures import saved


@pytest.fixture(scope="module")
def source_page(source_file, tmp_path_factory):
    return export_web(str(source_file), tmp_path_factory.mktemp("web") / "cats")


def facts_of(folder):
    return json.loads(re.search(r"FACTS = (.*);", (folder / "files" / "facts.js").read_text("utf-8"))[1])


def test_a_page_of_a_model_gives_the_images_of_generate(source_page, source_file, tmp_path):
    needs_chromium()
    gan = load_gan(source_file)
    with chromium(tmp_path) as page:
        page.open((source_page / "single.html").as_uri())
        page.run("ktg.ready")
        for seed in (0, 11):
            image = np.array(page.run(f"Array.from(ktg.generate({seed}))")).reshape(-1, 4)[:, :3]
            expected = gan.generate(1, seed=seed)[0].astype(int)
            assert np.abs(image - expected.reshape(-1, expected.shape[-1])).max() <= 2
        assert page.run("ktg.difference") <= 2 and page.complaints == []


def test_a_page_knows_its_model(source_page, source_file):
    facts, spec = facts_of(source_page), load_gan(source_file).spec
    assert (facts["latent_dim"], facts["image_size"]) == (spec.latent_dim, spec.image_size)
    assert facts["effects"] == sorted(facts["effects"], reverse=True) and len(facts["effects"]) == DIRECTIONS
    assert "<title>cats</title>" in (source_page / "index.html").read_text("utf-8")


def test_directions_change_images_more_than_others():
    servable = generator_servable(generator_with_labels(), LABELS_SPEC)
    facts, function = measure_page(servable, "x"), serve_function(servable)
    noise = numbered_latents(range(64), 6, seed=2)
    labels = np.zeros(64, np.int64)

    def change(direction):
        images = [np.asarray(function({"latents": noise + s * direction, "labels": labels})) for s in (0, 1)]
        return np.sqrt(np.mean((images[1] - images[0]) ** 2))

    assert facts.directions.shape == (6, 6)
    assert change(facts.directions[0]) > 1.2 * change(facts.directions[-1])
    np.testing.assert_array_equal(facts.first_image, render_numbered(function, [0], LABELS_SPEC)[0])


def test_vaes_and_third_party_models_have_pages(vae_file, tmp_path):
    for name, model in {"vae": load_vae(vae_file), "third": saved("renderers")[0] / "plain"}.items():
        facts = facts_of(export_web(model, tmp_path / name))
        assert facts["effects"][0] > 0 and facts["num_classes"] == 0


def test_long_latents_get_fewer_images_a_number_and_then_no_sliders():
    assert [images_for(size) for size in (8, 128, 1000)] == [256, 1024, 2048]


def test_other_folders_are_refused_before_the_model_is_loaded(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(checks.UserFileError, match="notes.txt"):
        export_web("nowhere", tmp_path)


def test_unknown_numbers_are_refused_before_the_model_is_loaded(tmp_path):
    with pytest.raises(checks.UserError, match="`quantize` must be one of 'none', 'float16'"):
        export_web("nothing", tmp_path / "page", quantize="int4")
