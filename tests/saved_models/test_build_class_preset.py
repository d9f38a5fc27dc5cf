from pathlib import Path

import numpy as np
import pytest

from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def script():
    return import_script(SCRIPTS, "build_class_preset")


def test_weights_keep_16_significant_bits(script):
    values = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    for array in (values, values.T):
        rounded = script.rounded(array)
        assert rounded.dtype == np.float32 and (np.abs(rounded - array) <= 2.0**-16 * np.abs(array)).all()
        assert not (rounded.tobytes()[0::4].strip(b"\0") or np.array_equal(rounded, array))
        np.testing.assert_array_equal(script.rounded(rounded), rounded)
    exact = np.float32([0.0, -1.0, 0.5, 1.0 + 2.0**-15, 65535.0])
    np.testing.assert_array_equal(script.rounded(exact), exact)
    assert script.rounded(np.float32(1.0 + 2.0**-20)) == 1.0


def test_other_numbers_stay(script):
    for values in (np.arange(300, dtype=np.int16), np.float16([0.1, 2.3])):
        np.testing.assert_array_equal(script.rounded(values), values)
        assert script.rounded(values).dtype == values.dtype
