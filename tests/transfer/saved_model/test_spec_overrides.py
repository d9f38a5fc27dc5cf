import json
import subprocess
import sys

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides

SPEC = ModelSpec(8, 3, 6, num_classes=7)


def test_words_of_the_command_line_become_values():
    found = SpecOverrides(128, "uniform", "10", "-1, 1")
    assert (found.labels, found.num_classes, found.pixel_range) == (10, 10, (-1.0, 1.0))
    assert found == SpecOverrides(128, "uniform", 10, [-1, 1])
    assert json.loads(json.dumps(found.to_dict())) == {
        "latent_dim": 128, "latent_distribution": "uniform", "labels": 10, "pixel_range": [-1, 1],
    }  # fmt: skip


def test_old_name_of_the_distribution_works_with_a_warning():
    with pytest.warns(DeprecationWarning, match=r"SpecOverrides\(distribution=\) is now called latent_distribution="):
        overrides = SpecOverrides(distribution="uniform")
    assert overrides == SpecOverrides(latent_distribution="uniform")


def test_only_stated_facts_count():
    assert not SpecOverrides() and SpecOverrides().to_dict() == {} and SpecOverrides().num_classes is None
    assert SpecOverrides(labels="none") and SpecOverrides(labels="none").num_classes == 0
    assert SpecOverrides(labels="one-hot").num_classes is None


@pytest.mark.parametrize(("given", "text"), [
    ({"latent_dim": 0}, "`latent_dim` must be an integer of at least 1.*--latent-dim 128"),
    ({"latent_distribution": "unifrom"}, "`latent_distribution` must be .*Did you mean uniform.*--latent-distribution"),
    ({"labels": "onehot"}, "`labels` must be 'none', 'one-hot', 'integer' or a number of classes.*--labels 10"),
    ({"labels": 0}, "`labels` must be"), ({"labels": "-3"}, "`labels` must be"), ({"labels": True}, "`labels` must be"),
    ({"pixel_range": "0,2"}, "`pixel_range` must be one of -1,1, 0,1, 0,255.*--pixel-range 0,1"),
    ({"pixel_range": (1, -1)}, "`pixel_range` must be one of"),
])  # fmt: skip
def test_other_values_are_refused(given, text):
    with pytest.raises(checks.UserError, match=text):
        SpecOverrides(**given)


@pytest.mark.parametrize("given", [
    {}, {"latent_dim": 6}, {"labels": 7}, {"labels": "integer"},
    {"latent_distribution": "normal", "pixel_range": "-1,1"},
])  # fmt: skip
def test_what_a_model_says_of_itself_may_be_repeated(given):
    assert SpecOverrides(**given).check_known(SPEC, "runs/cats") is None


@pytest.mark.parametrize(("given", "text"), [
    ({"latent_dim": 8}, r"`latent_dim` must be 6 for runs/cats\. Received: latent_dim=8.*Leave out .*--latent-dim"),
    ({"labels": "none"}, r"`labels` must be 7 for runs/cats\. Received: labels=0"),
    ({"labels": 3}, "`labels` must be 7"),
    ({"latent_distribution": "uniform"}, "`latent_distribution` must be 'normal'"),
    ({"pixel_range": "0,1"}, r"`pixel_range` must be \[-1.0, 1.0\].*--pixel-range"),
])  # fmt: skip
def test_what_a_model_says_of_itself_is_not_contradicted(given, text):
    with pytest.raises(checks.UserError, match=text):
        SpecOverrides(**given).check_known(SPEC, "runs/cats")


def test_nothing_heavy_is_loaded():
    code = "import sys, keras_transfer_gen.transfer.saved_model.spec_overrides; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
