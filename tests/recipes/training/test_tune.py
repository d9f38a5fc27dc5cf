import types

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models import tuned_ways
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.training import measure, tune


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """A cache of its own; bfloat16 is twice as fast, and what was measured is kept."""
    ways = []

    def images_per_second(model, recompile, way, batch_size):
        recompile(jit_compile=way.jit_compile, steps_per_execution=way.steps_per_execution)
        assert model.jit_compile == way.jit_compile and model.generator.trainable_weights
        ways.append(way)
        return 20.0 if way.precision == "bfloat16" else 10.0

    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tune, "images_per_second", images_per_second)
    return ways


def run_of(**settings):
    given = {"precision": "auto", "deterministic": False, "batch_size": 8, **settings}
    return types.SimpleNamespace(settings=types.SimpleNamespace(**given), batch_per_replica=8)


def test_answer_is_kept_shown_and_used_by_runs(measured, source_file, scripted):
    reporter = scripted()
    answer = tune.tune(str(source_file), batch_size=8, reporter=reporter)
    assert (answer["precision"], answer["jit_compile"], answer["steps_per_execution"]) == ("bfloat16", False, 1)
    assert not answer["cached"] and len(measured) == 4 == len(reporter.lines)
    assert tune.tuning_rows(answer)[:2] == [("float32", "off", 1, "10.0"), ("bfloat16", "off", 1, "20.0 (fastest)")]
    again = tune.tune(str(source_file), batch_size=8)
    assert again == {**answer, "cached": True} and len(measured) == 4
    network = load_gan(source_file).generator
    assert measure.measure_precision(run_of(), network) == {
        "arithmetic": "bfloat16", "probe": {"float32": 0.8, "bfloat16": 0.4},
    }  # fmt: skip
    assert measure.measure_precision(run_of(precision="float32"), network) == {"arithmetic": "float32", "probe": {}}
    assert tune.tune(str(source_file), batch_size=8, again=True)["cached"] is False and len(measured) == 8


def test_deterministic_run_does_not_depend_on_what_was_measured(measured, source_file, monkeypatch):
    tune.tune(str(source_file), batch_size=8)
    monkeypatch.setattr(measure, "choose_precision", lambda *arguments: ("float32", {}))
    network = load_gan(source_file).generator
    assert measure.measure_precision(run_of(deterministic=True), network)["arithmetic"] == "float32"
    assert tuned_ways.read_answer(network, 8)["precision"] == "bfloat16"


def test_wrong_numbers_are_refused(source_file):
    with pytest.raises(checks.UserError, match="`batch_size` must be"):
        tune.tune(str(source_file), batch_size=0)
    with pytest.raises(checks.UserError, match="`seconds` must be"):
        tune.tune(str(source_file), seconds=0)
