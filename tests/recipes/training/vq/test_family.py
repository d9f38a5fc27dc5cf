import types

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings
from keras_transfer_gen.recipes.training.vq.family import VqFamily

SHARES = {"autoencoder_share": 0.2, "drawn_share": 0.0}


def run_of(settings, workers=1, **notes):
    cluster = types.SimpleNamespace(size=workers)
    return types.SimpleNamespace(settings=settings, workers=types.SimpleNamespace(cluster=cluster), notes=notes)


@pytest.mark.parametrize(
    ("method", "phases"),
    [("full", [("decoder", 2.0), ("prior", 10.0)]), ("decoder", [("decoder", 10.0)]), ("prefix", [("prior", 10.0)])],
)
def test_each_part_that_is_trained_has_its_share_of_the_kimg(method, phases):
    settings = FineTuneVqSettings(data="a", source="b", out="c", kimg=10.0, method=method, **SHARES)
    planned = VqFamily().phases(run_of(settings), None, None, None)
    assert [(phase.label, phase.kimg) for phase in planned] == phases


@pytest.mark.parametrize(("method", "ends"), [("full", [2.0, 3.5]), ("prior", [1.5])])
def test_of_few_images_the_prior_learns_as_long_as_cross_validation_says(method, ends):
    settings = FineTuneVqSettings(data="a", source="b", out="c", kimg=10.0, method=method, **SHARES)
    planned = VqFamily().phases(run_of(settings, cross_validation={"kimg": 1.5}), None, None, None)
    assert [phase.kimg for phase in planned] == pytest.approx(ends)


@pytest.mark.parametrize(
    ("method", "phases"),
    [
        ("full", [("decoder", 2.0), ("prior", 7.0), ("decoder, by draws", 10.0)]),
        ("decoder", [("decoder", 7.0), ("decoder, by draws", 10.0)]),
        ("prior", [("prior", 10.0)]),
    ],
)
def test_in_the_end_the_decoder_learns_from_draws(method, phases):
    settings = FineTuneVqSettings(
        data="a", source="b", out="c", kimg=10.0, method=method, **{**SHARES, "drawn_share": 0.3}
    )
    planned = VqFamily().phases(run_of(settings), None, None, None)
    assert [(phase.label, pytest.approx(phase.kimg)) for phase in planned] == phases
    assert planned[-1].until == pytest.approx(1.0)


def test_draws_come_after_what_cross_validation_says():
    settings = FineTuneVqSettings(data="a", source="b", out="c", kimg=10.0, **{**SHARES, "drawn_share": 0.3})
    planned = VqFamily().phases(run_of(settings, cross_validation={"kimg": 1.5}), None, None, None)
    assert [phase.kimg for phase in planned] == pytest.approx([2.0, 3.5, 6.5])


def test_shares_that_leave_nothing_are_refused():
    with pytest.raises(checks.UserError, match=r"`drawn_share` must be at most 0.3, .* Received: drawn_share=0.5"):
        FineTuneVqSettings(data="a", source="b", out="c", autoencoder_share=0.7, drawn_share=0.5)


def test_a_pretraining_trains_all_parts():
    settings = PretrainVqSettings(data="a", out="c", kimg=10.0, autoencoder_share=0.3)
    planned = VqFamily().pretrain_phases(run_of(settings), None)
    ends = [("autoencoder", 3.0), ("prior", 8.0), ("decoder, by draws", 10.0)]
    assert [(phase.label, phase.kimg) for phase in planned] == ends
    assert [phase.until for phase in planned] == [0.3, 0.8, 1.0]  # of --minutes: each gets its part of them


def test_several_workers_are_refused():
    settings = FineTuneVqSettings(data="a", source="b", out="c")
    with pytest.raises(checks.UserError, match="one worker for a VQ-VAE"):
        VqFamily().open_source(run_of(settings, workers=2))
