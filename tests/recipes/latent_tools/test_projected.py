import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.projected import (
    noise_correlation,
    noise_maps,
    set_noise,
    standardized,
)


def test_correlation_equals_numpy_at_every_scale():
    noise, total = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32), 0.0
    part = noise
    while True:
        total += sum((part * np.roll(part, 1, axis)).mean() ** 2 for axis in (0, 1))
        if len(part) <= 8:
            break
        part = part.reshape(len(part) // 2, 2, -1, 2).mean((1, 3))
    assert float(noise_correlation([noise])) == pytest.approx(total, rel=1e-4)
    assert float(noise_correlation([np.ones((16, 16), np.float32)])) == pytest.approx(4.0)
    assert noise_correlation([]) == 0.0


def test_noise_is_standardized():
    noise = standardized(np.random.default_rng(0).normal(3.0, 2.0, (8, 8)))
    assert noise.mean() == pytest.approx(0, abs=1e-7) and (noise**2).mean() == pytest.approx(1.0)


def test_maps_of_a_file_are_set(style_file, source_file):
    space = open_space(style_file)
    maps = noise_maps(space)
    assert len(maps) == 5 and noise_maps(open_space(source_file)) == {}
    path = next(iter(maps))
    set_noise(space, {"latents": np.zeros(3), f"noise/{path}": np.full(maps[path].shape, 2.0)})
    assert (maps[path].numpy() == 2.0).all()
    with pytest.raises(checks.UserError, match="noise maps of this model"):
        set_noise(space, {"noise/other": np.zeros((4, 4))})
