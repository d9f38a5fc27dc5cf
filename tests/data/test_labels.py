import json

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.data.labels import check_every_class, describe_classes, join_columns, label_images
from keras_transfer_gen.data.sources import read_images

LEVELS = {"a/1.png": 10, "a/2.png": 20, "b/3.png": 30, "b/deep/4.png": 40, "c/5.png": 50}


@pytest.fixture
def folder(tmp_path):
    """A folder of grey images; the level of each tells which file it is."""
    for name, level in LEVELS.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), level).save(path)
    (tmp_path / "images" / "a" / "0.png").write_bytes(b"no image")  # skipped: labels must not shift
    return tmp_path / "images"


def labels_by_level(image_set):
    """{level: name of its class}."""
    names = [image_set.class_names[number] for number in image_set.labels]
    return dict(zip(np.asarray(image_set.images)[:, 0, 0, 0].tolist(), names, strict=True))


def read(source, labels):
    return read_images(source, 8, 1, labels=labels)


def write_csv(path, rows, header="file,label"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_folders_name_classes_in_sorted_order(folder):
    image_set = read(folder, "folders")
    assert image_set.class_names == ["a", "b", "c"] and image_set.labels.dtype == np.int32
    assert labels_by_level(image_set) == {10: "a", 20: "a", 30: "b", 40: "b", 50: "c"}


def test_csv_is_aligned_by_name_whatever_the_order_of_its_rows(folder, tmp_path):
    rows = ["c/5.png,dog", "b/deep/4.png,cat", "missing.png,dog", "a/2.png,cat", "a/1.png,dog", "b/3.png,cat"]
    image_set = read(folder, write_csv(tmp_path / "x.csv", rows))
    assert labels_by_level(image_set) == {10: "dog", 20: "cat", 30: "cat", 40: "cat", 50: "dog"}
    assert image_set.class_names == ["cat", "dog"] and image_set.groups.tolist() == image_set.labels.tolist()


def test_csv_may_leave_folders_out_and_lie_among_the_images(folder):
    write_csv(folder / "labels.csv", ["5.png,x", "4.png,y", "3.png,x", "2.png,y", "1.png,x"])
    image_set = read(folder, "labels.csv")
    assert labels_by_level(image_set) == {10: "x", 20: "y", 30: "x", 40: "y", 50: "x"}
    assert [file.path for file in image_set.skipped] == ["a/0.png"]


def test_csv_keeps_further_columns_and_batches_have_them(folder, tmp_path):
    rows = [f"{name},{name[0]},{'dark' if level < 35 else 'light'}" for name, level in LEVELS.items()]
    path = write_csv(tmp_path / "x.csv", rows, "file,label,style")
    images = load_images(folder, 8, 1, batch_size=3, labels=path)
    assert images.image_set.more_labels["style"].names == ["dark", "light"]
    for batch, labels in images.from_step(0).take(4):
        levels = batch.numpy()[:, 0, 0, 0]
        expected = [list(LEVELS.values()).index(level) for level in levels]
        assert labels["labels"].numpy().tolist() == [[0, 0, 1, 1, 2][index] for index in expected]
        assert labels["style"].numpy().tolist() == (levels >= 35).astype(int).tolist()
    assert images.image_set.subset([4, 0]).more_labels["style"].numbers.tolist() == [1, 0]


def test_columns_are_joined_to_one_class_for_each_combination(folder, tmp_path):
    rows = [f"{name},{name[0]},{'dark' if level < 35 else 'light'}" for name, level in LEVELS.items()]
    joined = join_columns(read(folder, write_csv(tmp_path / "x.csv", rows, "file,label,style")))
    assert labels_by_level(joined) == {10: "a_dark", 20: "a_dark", 30: "b_dark", 40: "b_light", 50: "c_light"}
    assert joined.class_names == ["a_dark", "b_dark", "b_light", "c_light"] and not joined.more_labels
    assert joined.groups.tolist() == joined.labels.tolist()
    plain = read(folder, "folders")
    assert join_columns(plain) is plain


def test_columns_whose_joined_names_are_alike_are_refused(folder, tmp_path):
    pairs = [("a", "b_c"), ("a_b", "c"), ("a", "c"), ("a", "c"), ("a", "c")]
    rows = [f"{name},{label},{style}" for name, (label, style) in zip(LEVELS, pairs, strict=True)]
    with pytest.raises(UserError, match="columns whose joined names differ"):
        join_columns(read(folder, write_csv(tmp_path / "x.csv", rows, "file,label,style")))


def test_numbers_in_a_csv_are_sorted_as_numbers(folder, tmp_path):
    rows = [f"{name},{level}0" for name, level in LEVELS.items()]
    assert read(folder, write_csv(tmp_path / "x.csv", [*rows, "none,9"])).class_names == [
        "100",
        "200",
        "300",
        "400",
        "500",
    ]
    rows[0] = "a/1.png,20"
    assert read(folder, write_csv(tmp_path / "x.csv", rows)).class_names == ["20", "200", "300", "400", "500"]


def test_dataset_json_keeps_its_class_numbers(folder):
    pairs = [[name, level // 20] for name, level in LEVELS.items()]
    (folder / "dataset.json").write_text(json.dumps({"labels": pairs}))
    image_set = read(folder, "dataset.json")
    assert image_set.labels.tolist() == [0, 1, 1, 2, 2] and image_set.class_names == ["0", "1", "2"]


def test_arrays_of_numbers_and_texts_are_labels_in_the_order_of_the_images(folder):
    assert read(folder, [3, 2, 1, 0, 0]).labels.tolist() == [3, 2, 1, 0, 0]
    image_set = read(folder, np.array(["y", "x", "x", "y", "x"]))
    assert labels_by_level(image_set) == {10: "y", 20: "x", 30: "x", 40: "y", 50: "x"}
    images = np.zeros((3, 8, 8, 1), np.uint8)
    assert read(images, ["b", "a", "b"]).class_names == ["a", "b"]


def test_own_labels_are_those_of_the_file(tmp_path):
    images = np.zeros((3, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=[1, 0, 1], class_names=["shirt", "shoe"])
    image_set = read(tmp_path / "x.npz", "own")
    assert image_set.labels.tolist() == [1, 0, 1] and image_set.class_names == ["shirt", "shoe"]
    assert image_set.groups.tolist() == [1, 0, 1]  # so that balance evens the classes
    np.savez(tmp_path / "y.npz", images=images, labels=[2, 0, 1], class_names=["shirt", "shoe"])
    with pytest.raises(UserError, match="numbers below the number of class names.*shirt, shoe"):
        read(tmp_path / "y.npz", "own")


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_batch_of_a_resumed_stream_has_its_own_labels(folder, shuffle):
    images = load_images(folder, 8, 1, batch_size=3, labels="folders", shuffle=shuffle, balance=0.5)
    whole = [(x.numpy()[:, 0, 0, 0].tolist(), y.numpy().tolist()) for x, y in images.from_step(0).take(6)]
    later = [(x.numpy()[:, 0, 0, 0].tolist(), y.numpy().tolist()) for x, y in images.from_step(4).take(2)]
    assert later == whole[4:]
    classes = dict(zip(LEVELS.values(), [0, 0, 1, 1, 2], strict=True))
    assert all([classes[level] for level in levels] == labels for levels, labels in whole)


@pytest.mark.parametrize(("labels", "text"), [
    ("folder", "`labels` must be \"folders\", \"own\""),
    (["a", "b"], "5 labels, one for each usable image.*1 file skipped"),
    ([0.5] * 5, "one integer from 0 on, or one text"), (3, "`labels` must be \"folders\", \"own\""),
])  # fmt: skip
def test_labels_that_say_nothing_are_refused(folder, labels, text):
    with pytest.raises(UserError, match=text):
        read(folder, labels)


def test_images_without_a_label_are_named(folder, tmp_path):
    path = write_csv(tmp_path / "x.csv", ["a/1.png,x", "c/5.png,x", "b/3.png,y"])
    with pytest.raises(UserError, match=r"2 of 5 images have none: a/2.png, b/deep/4.png\. "):
        read(folder, path)
    Image.new("L", (8, 8)).save(folder / "loose.png")
    with pytest.raises(UserError, match="Some images are in no sub-folder"):
        read(folder, "folders")
    images = np.zeros((3, 8, 8, 1), np.uint8)
    with pytest.raises(UserError, match=r"There are no sub-folders.*--labels own"):
        read(images, "folders")
    with pytest.raises(UserError, match="as the images have no classes"):
        read(images, "own")


def test_a_class_without_images_is_refused():
    image_set = read(np.zeros((3, 8, 8, 1), np.uint8), [0, 2, 2])
    with pytest.raises(UserError, match=r"an image of each class. Received: labels=\"none of \['1'\]\""):
        check_every_class(image_set)
    check_every_class(label_images(image_set, [0, 1, 1]))


def test_classes_are_described_with_the_most_frequent_first():
    image_set = read(np.zeros((6, 8, 8, 1), np.uint8), ["a", "b", "b", "c", "c", "c"])
    assert describe_classes(image_set) == "c 3, b 2, a 1" and describe_classes(image_set, most=1) == "c 3 and 2 more"
