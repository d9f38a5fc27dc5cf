import types

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings
from keras_transfer_gen.recipes.training.vq.family import VqFamily


def run_of(settings, workers=1, **notes):
    cluster = types.SimpleNamespace(size=workers)
    return types.SimpleNamespace(settings=settings, workers=types.SimpleNamespace(cluster=cluster), notes=notes)


@pytest.mark.parametrize(
    ("method", "phases"),
    [("full", [("decoder", 4.0), ("prior", 10.0)]), ("decoder", [("decoder", 10.0)]), ("prefix", [("prior", 10.0)])],
)
def test_each_part_that_is_trained_has_its_share_of_the_kimg(method, phases):
    settings = FineTuneVqSettings(data="a", source="b", out="c", kimg=10.0, method=method)
    planned = VqFamily().phases(run_of(settings), None, None, None)
    assert [(phase.label, phase.kimg) for phase in planned] == phases


@pytest.mark.parametrize(("method", "ends"), [("full", [4.0, 5.5]), ("prior", [1.5])])
def test_of_few_images_the_prior_learns_as_long_as_cross_validation_says(method, ends):
    settings = FineTuneVqSettings(data="a", source="b", out="c", kimg=10.0, method=method)
    planned = VqFamily().phases(run_of(settings, cross_validation={"kimg": 1.5}), None, None, None)
    assert [phase.kimg for phase in planned] == pytest.approx(ends)


def test_a_pretraining_trains_both_parts():
    settings = PretrainVqSettings(data="a", out="c", kimg=10.0, autoencoder_share=0.3)
    planned = VqFamily().pretrain_phases(run_of(settings), None)
    assert [(phase.label, phase.kimg) for phase in planned] == [("autoencoder", 3.0), ("prior", 10.0)]
    assert [phase.until for phase in planned] == [0.3, 1.0]  # of --minutes: the prior gets its part of them


def test_several_workers_are_refused():
    settings = FineTuneVqSettings(data="a", source="b", out="c")
    with pytest.raises(checks.UserError, match="one worker for a VQ-VAE"):
        VqFamily().open_source(run_of(settings, workers=2))
