import keras
import pytest

from keras_transfer_gen import files
from keras_transfer_gen.recipes.models import tuned_ways


def network(units):
    image = keras.Input((3,))
    return keras.Model(image, keras.layers.Dense(units, name="only")(image))


ANSWER = dict.fromkeys(tuned_ways.KEYS)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path))


def test_answer_is_for_one_network_batch_machine_and_version(monkeypatch):
    assert tuned_ways.read_answer(network(2), 32) is None
    tuned_ways.write_answer(network(2), 32, ANSWER)
    assert tuned_ways.read_answer(network(2), 32) == ANSWER  # another object of the same kind
    assert tuned_ways.read_answer(network(3), 32) is None and tuned_ways.read_answer(network(2), 16) is None
    for name, value in (("machine", lambda: "another"), ("__version__", "0.0.1")):
        with monkeypatch.context() as patch:
            patch.setattr(tuned_ways, name, value)
            assert tuned_ways.read_answer(network(2), 32) is None


def test_answer_that_is_damaged_counts_as_none():
    path = tuned_ways.answer_path(network(2), 32)
    for content in ("{", "[]", '{"precision": "float32"}'):
        files.write_text(path, content)
        assert tuned_ways.read_answer(network(2), 32) is None


def test_machine_is_named_on_one_line():
    text = tuned_ways.machine()
    assert "cores" in text and "threads" in text and "\n" not in text
