"""`pretrain`, continued: images with labels."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from tensorflow.python.framework import config  # TensorFlow has no public way to take determinism back

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.run_images import read_run_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.output.image_folder import generate_folder
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.training.plan import plan
from keras_transfer_gen.recipes.training.pretrain import pretrain
from tests.conditional_fixtures import NAMES, coloured_images, conditional_toy, write_classes
from tests.recipes.conftest import Scripted

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture(scope="module", autouse=True)
def toy():
    with conditional_toy():
        yield


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """Folders of three classes; there are half as many blue images."""
    images = coloured_images(8)
    images["blue"] = images["blue"][:4]
    return write_classes(tmp_path_factory.mktemp("colours") / "images", images)


@pytest.fixture(scope="module")
def whole(colours, tmp_path_factory, quick, leave_exports_out):
    """(settings, what the reporter was told) of a finished run; nothing may be written to its folder."""
    settings = PretrainSettings(
        data=colours, labels="folders", out=tmp_path_factory.mktemp("runs") / "run", arch="conditional_toy:features=32",
        image_size=8, kimg=2.88, batch_size=24, learning_rate=8e-3, r1_gamma=1.0, r1_interval=4, ema_halflife_kimg=0.2,
        precision="float32", augment="none", evaluate_every_kimg=2.88, deterministic=True, balance=0.5,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        leave_exports_out(patch)
        pretrain(settings, reporter := Scripted())
    yield settings, reporter
    config.disable_op_determinism()


@pytest.fixture
def settings(whole, tmp_path):
    return dataclasses.replace(whole[0], out=str(tmp_path / "run"), deterministic=False)


def test_classes_are_learnt_named_and_shown(whole):
    settings, reporter = whole
    assert "3 classes: green 8, red 8, blue 4" in reporter.lines
    gan, run = load_gan(settings.out), RunFolder(settings.out)
    assert gan.spec.class_names == ["blue", "green", "red"]
    assert gan.spec.class_shares == pytest.approx([2 / 8, 3 / 8, 3 / 8])  # round(sqrt(n)) of n images: balance=0.5
    for channel, name in enumerate(NAMES):
        drawn = gan.generate(20, seed=1, label=name).mean(axis=(1, 2))
        assert (drawn.argmax(axis=1) == channel).mean() > 0.7
    assert json.loads(run.spec_file.read_text())["class_names"] == ["blue", "green", "red"]
    sheet = reporter.sheets[-1]
    assert sheet.shape[0] == 3 * 8 and sheet.shape[1] > 12 * 8  # a row a class, names beside them


def test_generated_images_tell_their_classes(whole, tmp_path):
    gan = load_gan(whole[0].out)
    images = generate_folder(gan, 30, tmp_path / "images", seed=1)
    with open(tmp_path / "images" / "labels.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[3]["file"] == "00003.png" and len(rows) == 30
    back = read_images(tmp_path / "images", 8, labels="labels.csv")
    assert [back.class_names[number] for number in back.labels] == [row["label"] for row in rows]
    brightest = np.array(NAMES)[images.mean(axis=(1, 2)).argmax(axis=1)]
    assert (brightest == [row["label"] for row in rows]).mean() > 0.7
    generate_folder(gan, 2, tmp_path / "images", label="red")  # replaces the file of labels as well
    assert (tmp_path / "images" / "labels.csv").read_text() == "file,label\n00000.png,red\n00001.png,red\n"


@pytest.mark.usefixtures("no_exports")
def test_interruptions_leave_no_trace_in_labels_either(whole, tmp_path, scripted, everything_of):
    parts = dataclasses.replace(whole[0], out=str(tmp_path / "parts"))
    with pytest.raises(checks.Interrupted):
        pretrain(parts, scripted(at=1.2, label="training"))
    pretrain(parts)
    resumed, expected = (everything_of(RunFolder(part.out).adapted) for part in (parts, whole[0]))
    assert len(expected) > 20 and all(np.array_equal(a, b) for a, b in zip(resumed, expected, strict=True))


def test_changed_labels_are_another_training(settings):
    read = read_run_images(settings, 8, 3, Scripted())
    names, labels = read.image_set.class_names, read.image_set.labels
    same, other = (
        dataclasses.replace(read, image_set=dataclasses.replace(read.image_set, labels=changed, class_names=names))
        for changed in (labels.copy(), labels[::-1].copy())
    )
    assert same.digests() == read.digests() != other.digests()
    plain = read_run_images(dataclasses.replace(settings, labels=None), 8, 3, Scripted())
    assert plain.digests()["pictures_digest"] == read.image_set.digest != read.digests()["pictures_digest"]


@pytest.mark.parametrize(("labels", "text"), [
    ("file,label,style\n{},a,b\n", "`labels` must be labels of at least 2 classes.*All images are 'a_b'"),
    ("file,label\n{},a\n", "`labels` must be labels of at least 2 classes.*All images are 'a'"),
])  # fmt: skip
def test_labels_that_no_network_can_learn_are_refused(settings, tmp_path, labels, text):
    header, row, _ = labels.split("\n")
    rows = [row.format(name) for name in read_images(settings.data, 8).names]
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]))
    with pytest.raises(checks.UserError, match=text):
        pretrain(dataclasses.replace(settings, labels=str(tmp_path / "x.csv")))


def test_combinations_of_columns_are_the_classes(settings, tmp_path):
    rows = [
        f"{name},{name.split('/')[0]},{index % 2}" for index, name in enumerate(read_images(settings.data, 8).names)
    ]
    (tmp_path / "x.csv").write_text("\n".join(["file,label,style", *rows]))
    read = read_run_images(dataclasses.replace(settings, labels=str(tmp_path / "x.csv")), 8, 3, Scripted())
    names = [read.image_set.class_names[number] for number in read.image_set.labels]
    assert names == [f"{name.split('/')[0]}_{index % 2}" for index, name in enumerate(read.image_set.names)]
    assert not read.image_set.more_labels and read.labelled


def test_architecture_without_classes_is_refused(settings):
    plain = {"arch": "dcgan", "image_size": 28, "max_channels": 8, "min_channels": 8}
    with pytest.raises(checks.UserError, match=r"`arch` must be an architecture with classes.*--arch"):
        pretrain(dataclasses.replace(settings, **plain))
    with pytest.raises(checks.UserError, match="`arch` must be an architecture with classes"):
        plan("pretrain", dataclasses.replace(settings, **plain))


def test_plan_counts_the_classes(settings):
    assert plan("pretrain", settings)["classes"] == "green 8, red 8, blue 4"
