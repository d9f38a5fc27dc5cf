"""Rows of images under their labels."""

from pathlib import Path

import numpy as np
import pytest

from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def labelled_rows():
    return import_script(BENCHMARKS, "labelled_rows")


def test_rows_of_different_lengths_stand_below_each_other(labelled_rows):
    long, short = np.full((3, 32, 32, 3), 10, np.uint8), np.full((1, 32, 32, 1), 20, np.uint8)
    picture = labelled_rows.labelled_rows([("long", long), ("short", short)])
    height = len(picture) // 2  # of a row with its label
    np.testing.assert_array_equal(picture[height - 32 : height, :96], 10)
    np.testing.assert_array_equal(picture[-32:, :32], 20)
    assert (picture[-32:, 96:] == 255).all()


@pytest.mark.parametrize(("count", "numbers"), [(3, [0, 4, 9]), (1, [0]), (20, range(10))])
def test_images_are_chosen_from_the_first_to_the_last(labelled_rows, count, numbers):
    np.testing.assert_array_equal(labelled_rows.evenly_chosen(np.arange(10), count), list(numbers))
