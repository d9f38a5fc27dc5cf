import types

import numpy as np

from keras_transfer_gen.recipes.report.reporter import Reporter
from keras_transfer_gen.recipes.training.gan import health
from keras_transfer_gen.recipes.training.gan.health import HealthWatch


class Lines(Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


IMAGES = np.zeros((4, 8, 8, 3), np.uint8)
UNLABELLED = types.SimpleNamespace(spec=types.SimpleNamespace(num_classes=0))


def test_each_warning_is_said_once():
    reporter = Lines()
    watch = HealthWatch(reporter, IMAGES)
    for kimg, precision in enumerate((0.9, 0.9, 0.3, 0.3, 0.3)):
        watch.look(float(kimg), {"precision": precision})
    (line,) = reporter.lines
    assert line.startswith("warning at 3.00 kimg: ") and "precision fell to 0.30" in line


def test_warnings_of_an_earlier_part_are_not_said_again():
    reporter = Lines()
    watch = HealthWatch(reporter, IMAGES)
    watch.begin([{"kimg": float(kimg), "precision": value} for kimg, value in enumerate((0.9, 0.3, 0.3))])
    watch.look(3.0, {"precision": 0.2})
    assert reporter.lines == [] and len(watch.records) == 4


def test_gap_is_measured_where_there_is_a_holdout_and_no_classes(monkeypatch):
    seen = []
    monkeypatch.setattr(health, "memory_gap", lambda gan, *sets: seen.append([len(images) for images in sets]) or 0.5)
    many = np.zeros((600, 8, 8, 3), np.uint8)
    watch = HealthWatch(Lines(), many, many[:30])
    assert watch.measure(UNLABELLED, many) == {"memory_gap": 0.5} and seen == [[64, 30, 64]]
    assert HealthWatch(Lines(), many, IMAGES).measure(UNLABELLED, many) == {}  # 4 images say nothing
    labelled = types.SimpleNamespace(spec=types.SimpleNamespace(num_classes=3))
    assert watch.measure(labelled, IMAGES) == {} == HealthWatch(Lines(), many).measure(UNLABELLED, IMAGES)
    monkeypatch.setattr(health, "memory_gap", lambda gan, *sets: None)
    assert watch.measure(UNLABELLED, IMAGES) == {}


def test_reference_of_its_own_is_the_holdout():
    training, other = types.SimpleNamespace(images=IMAGES), types.SimpleNamespace(images=IMAGES[:2])
    images = types.SimpleNamespace(training=training, reference=other)
    assert len(HealthWatch.of_images(Lines(), images).holdout) == 2
    images = types.SimpleNamespace(training=training, reference=training)
    assert HealthWatch.of_images(Lines(), images).holdout is None
