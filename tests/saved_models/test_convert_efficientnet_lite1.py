import hashlib

import numpy as np

from keras_transfer_gen.efficientnet_lite import TAP_CHANNELS, TAPS
from keras_transfer_gen.saved_models import convert_efficientnet_lite1 as convert
from keras_transfer_gen.shipped_weights import read_shipped_weights

SHIPPED_SHA256 = "0cc43783fe63bf927a31b2115a137193df05e00f5dfe5f82b9f35b918250661f"


def test_channels_of_a_stage_are_measured_as_sums_of_independent_blocks():
    generator = np.random.default_rng(0)
    state = {
        f"_blocks.{block}._bn2.{part}": generator.normal(size=3) for block in (4, 5) for part in ("weight", "bias")
    }
    arrays = convert.measure(state, stages=((4, 5),))
    draws = generator.normal(size=(2, 200_000, 3))  # what a batch normalisation gives before scale and shift
    output = sum(
        draws[n] * state[f"_blocks.{b}._bn2.weight"] + state[f"_blocks.{b}._bn2.bias"] for n, b in ((0, 4), (1, 5))
    )
    np.testing.assert_allclose(arrays["tap5/mean"], output.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(arrays["tap5/deviation"], output.std(axis=0), atol=0.02)


def test_shipped_weights_are_whole_and_small_and_have_notice_and_licence():
    folder = convert.Path(convert.__file__).parent / "efficientnet_lite1"
    assert hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest() == SHIPPED_SHA256
    assert (folder / "weights.npz").stat().st_size < 2.5e6
    assert (folder / "NOTICE").read_text(encoding="utf-8") == convert.NOTICE
    assert "Apache License, Version 2.0" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_shipped_weights_are_the_first_blocks_and_what_their_taps_hold():
    arrays = read_shipped_weights("efficientnet_lite1")
    assert "block14_project/kernel" in arrays and not any(name.startswith(("block15", "head")) for name in arrays)
    assert [arrays[f"tap{tap}/mean"].shape for tap in TAPS] == [(channels,) for channels in TAP_CHANNELS]
    assert min(arrays[f"tap{tap}/deviation"].min() for tap in TAPS) > 1
    assert [blocks[-1] for blocks in convert.STAGES] == list(TAPS)
