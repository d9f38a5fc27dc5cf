import types

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import phases
from keras_transfer_gen.recipes.runs.phases import Curve, Phase, run_phases
from keras_transfer_gen.recipes.runs.workers import Workers

RUN = types.SimpleNamespace(workers=Workers())


class Model:
    kimg = 0.0
    micro_batch = None
    spec = types.SimpleNamespace(class_names=["a", "b"])


class Training:
    def __init__(self):
        self.model, self.best_kimg, self.events = Model(), None, []


class Recorded(Curve):
    def begin(self, training):
        training.events.append("curve begins")

    def __call__(self, model):
        return {"kid": 1.0}

    def end(self, training):
        training.events.append("curve ends")
        return 0.5


def test_phases_come_in_order_and_the_last_curve_chooses(monkeypatch):
    class Images:
        image_set = types.SimpleNamespace(class_names=["b"])
        labelled = False

    def train(run, training, image_set, phase, minutes):
        training.events.append((run, image_set.class_names, phase.label, minutes))

    monkeypatch.setattr(phases, "train", train)
    training = Training()
    parts = [
        Phase("first", 1.0, before=lambda t: t.events.append("frozen"), after=lambda t: t.events.append("trainable")),
        Phase("nothing", None, before=lambda t: t.events.append("calibrated")),
        Phase("last", 2.0, curve=Recorded()),
    ]
    assert run_phases(RUN, training, Images, parts, minutes=3.0) is training
    assert training.events == [
        "frozen", (RUN, ["b"], "first", 3.0), "trainable", "calibrated",
        "curve begins", (RUN, ["b"], "last", 3.0), "curve ends",
    ]  # fmt: skip
    assert training.best_kimg == 0.5


@pytest.mark.parametrize(("differences", "words"), [
    ([], "each batch of 8 images is trained 2 at a time: the update is that of the whole batch"),
    (["batch norm is", "so is"], "each batch of 8 images is trained 2 at a time: batch norm is; so is"),
])  # fmt: skip
def test_micro_batches_are_said_with_what_they_change(monkeypatch, differences, words):
    lines = []
    run = types.SimpleNamespace(
        reporter=types.SimpleNamespace(say=lines.append), settings=types.SimpleNamespace(batch_size=8)
    )
    training = Training()
    training.model.micro_batch = 2
    monkeypatch.setattr(phases, "describe_differences", lambda model: differences)
    images = types.SimpleNamespace(labelled=False, image_set=types.SimpleNamespace(class_names=[]))
    run_phases(run, training, images, [])
    assert lines == [words]


def test_curve_that_selects_nothing_keeps_the_last_weights():
    class Plain(Curve):
        def __call__(self, model):
            return {}

    assert Plain().end(None) is None and Plain.interval(10.0) == 10.0 / phases.POINTS
    Plain.points, Plain.apart = 6, 2.0
    assert [Plain.interval(kimg) for kimg in (1.0, 8.0, 30.0)] == [0.5, 2.0, 5.0]


def test_images_of_other_classes_than_the_run_began_with_are_refused():
    images = types.SimpleNamespace(labelled=True, image_set=types.SimpleNamespace(class_names=["a", "c"]))
    with pytest.raises(checks.UserError, match=r"`labels` must be labels of the classes \['a', 'b'\].*--overwrite"):
        run_phases(RUN, Training(), images, [])
    images.image_set.class_names = ["a", "b"]
    assert run_phases(RUN, Training(), images, []).best_kimg is None
