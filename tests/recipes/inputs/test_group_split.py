import numpy as np
import pytest

from keras_transfer_gen.recipes.inputs.group_split import split_groups


def test_groups_stay_whole_and_each_class_gives_its_share():
    groups, classes = np.repeat(np.arange(20), 2), np.repeat([0, 1], 20)
    chosen = split_groups(groups, classes, 0.2, seed=3)
    assert chosen.reshape(-1, 2).all(1).sum() == chosen.sum() / 2  # both of a group or none
    assert chosen[:20].sum() == chosen[20:].sum() == 4
    assert (split_groups(groups, classes, 0.2, seed=3) == chosen).all()
    assert (split_groups(groups, classes, 0.2, seed=4) != chosen).any()


@pytest.mark.parametrize(("groups", "share", "count"), [([0, 1, 2, 3], 0.0, 0), ([0, 0, 0, 1], 0.25, 1), ([], 0.5, 0)])
def test_no_group_is_larger_than_the_share(groups, share, count):
    chosen = split_groups(np.array(groups, int), np.zeros(len(groups), int), share)
    assert chosen.sum() == count


def test_class_of_one_image_keeps_it():
    assert not split_groups(np.arange(3), np.array([0, 1, 2]), 0.9).any()
