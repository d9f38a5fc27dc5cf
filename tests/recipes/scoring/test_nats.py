import numpy as np
import pytest
from scipy import stats

from keras_transfer_gen.recipes.scoring.nats import bits_per_token, measure_nats, nats_change, nats_of, nats_rows
from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings
from keras_transfer_gen.recipes.training.vq import models


def test_nats_are_the_mean_over_the_images_of_what_the_prior_says():
    settings = PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1,
    )  # fmt: skip
    vq, images = models.new_model(settings, ["a"]), np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    tokens = vq.encode(images)
    assert nats_of(vq, images) == pytest.approx(vq.prior.nats(tokens).mean())
    assert nats_of(vq, images, 0) == pytest.approx(vq.prior.nats(tokens, np.zeros(4)).mean())
    np.testing.assert_allclose(vq.prior.token_nats(tokens).sum((1, 2)), vq.prior.nats(tokens), rtol=1e-6)
    assert nats_of(vq, images) == pytest.approx(16 * np.log(16), rel=0.05)  # a new prior knows nothing
    assert bits_per_token(16 * np.log(16), vq) == pytest.approx(4)
    assert measure_nats(vq, images)["bits_per_token"] == pytest.approx(bits_per_token(nats_of(vq, images), vq))
    assert measure_nats(object(), images) == {}


def test_a_change_of_nats_has_the_p_of_a_paired_t_test():
    before, after = np.random.default_rng(0).normal((100.0, 98.0), 5.0, (9, 2)).T
    change = nats_change(before, after)
    assert change["p"] == pytest.approx(stats.ttest_rel(after, before).pvalue)
    assert change["value"] == pytest.approx(np.mean(after - before))
    assert change["std"] == pytest.approx(np.std(after - before, ddof=1) / 3)
    assert nats_change([1.0, 2.0], [1.0, 2.0]) == {"value": 0.0, "std": 0.0, "p": 1.0}
    assert nats_change([1.0], [2.0]) is None


def test_rows_of_an_evaluation_say_what_nats_mean():
    rows = nats_rows({"nats": 250.25, "bits_per_token": 5.6, "brightness": 0.5})
    assert [row[:2] for row in rows] == [("nats", "250.2"), ("bits_per_token", "5.6")] and "lower is better" in rows[0][
        2
    ]
    assert nats_rows({}) == []
