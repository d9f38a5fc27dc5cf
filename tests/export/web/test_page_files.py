import base64
import gzip
import json
import re

import numpy as np
import pytest

from keras_transfer_gen.export.web import page_files
from keras_transfer_gen.export.web.page_files import PageFacts, linked_page, page_scripts, single_page
from keras_transfer_gen.export.web.runtime import Runtime
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=4, channels=1, latent_dim=3, class_names=["a", "b"], licence="CC0", source="Made up.")
RUNTIME = Runtime(core="core();", loader="'</script><!--'", wasm=b"wasm", notices={})


@pytest.fixture
def facts():
    directions = np.float32([[1, 0, 0], [0, 0, 1]])
    return PageFacts("<cats> & dogs", SPEC, directions, np.array([2.0, 1.23456]), np.full((4, 4, 1), 7, np.uint8))


def test_scripts_hold_facts_model_and_runtime_in_order(facts):
    scripts = page_scripts(facts, b"model", RUNTIME)
    names = list(scripts)
    assert names[:2] == ["facts.js", "model.js"] and names[-1] == "page.js" and set(names) > {*page_files.OWN_SCRIPTS}
    values = json.loads(re.search(r"const FACTS = (\{.*\});", scripts["facts.js"])[1])
    assert values["num_classes"] == 2 and values["class_names"] == ["a", "b"] and values["effects"] == [2.0, 1.235]
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(values["directions"]), "<f4"), facts.directions.ravel()
    )
    assert base64.b64decode(values["first_image"]) == bytes([7] * 16)
    assert values["footer"].startswith("Made up. Licence of the weights: CC0.")
    packed = re.search(r'MODEL_TFLITE = "(.*)"', scripts["model.js"])[1]
    assert gzip.decompress(base64.b64decode(packed)) == b"model"


def test_a_page_links_every_file_that_stands_beside_it(facts):
    html, beside = linked_page(facts.title, page_scripts(facts, b"model", RUNTIME))
    assert "<title>&lt;cats&gt; &amp; dogs</title>" in html and "{{" not in html
    assert sorted(re.findall(r'(?:src|href)="(files/[^"]+)"', html)) == sorted(beside)


def test_a_single_page_links_nothing_and_no_script_ends_early(facts):
    html = single_page(facts.title, page_scripts(facts, b"model", RUNTIME))
    assert re.findall(r'\bsrc="|href="(?!data:)', html) == []
    assert html.count("<script>") == html.count("</script>") == 5 + len(page_files.OWN_SCRIPTS)
    assert "'<\\/script><\\!--'" in html


def test_nothing_in_the_page_names_another_host():
    texts = [page_files.read_text(name) for name in (*page_files.OWN_SCRIPTS, page_files.STYLE, "page.html")]
    assert re.findall(r"https?://|fetch\(|XMLHttpRequest|import\(", "".join(texts)) == []
