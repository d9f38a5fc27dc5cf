import numpy as np
import pytest

from keras_transfer_gen.data.grouping import group_by_folder


@pytest.mark.parametrize(
    ("names", "groups", "labels", "classes"),
    [
        ([], [], None, []),
        (["a.png", "b.png"], [0, 0], None, []),
        (["b/1.png", "a/2.png", "b/3.png"], [1, 0, 1], [1, 0, 1], ["a", "b"]),
        (["all/b/1.png", "all/a/2.png"], [1, 0], [1, 0], ["a", "b"]),  # one folder around everything
        (["all/1.png", "all/2.png"], [0, 0], None, []),
        (["a/x/1.png", "a/y/2.png", "b/3.png"], [0, 1, 2], [0, 0, 1], ["a", "b"]),
        (["1.png", "a/2.png"], [0, 1], None, []),  # an image without a class
    ],
)
def test_group_by_folder_numbers_folders_and_classes(names, groups, labels, classes):
    group, label, class_names = group_by_folder(names)
    assert group.dtype == np.int32 and group.tolist() == groups
    assert (None if label is None else label.tolist()) == labels
    assert class_names == classes
