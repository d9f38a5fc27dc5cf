import dataclasses
from types import SimpleNamespace

import pytest

from keras_transfer_gen.recipes.report.reporter import Reporter
from keras_transfer_gen.recipes.training import memory
from keras_transfer_gen.training.step_memory import TrainingMemory

GB = 10**9


class Lines(Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@dataclasses.dataclass
class Settings:
    batch_size: int = 32
    micro_batch: int | None = None
    precision: str = "auto"


def run_of(replicas=1, workers=1, **settings):
    """What these functions read of a `Run`."""
    settings = Settings(**settings)
    family = SimpleNamespace(
        memory_estimate=lambda half: TrainingMemory(GB, GB, GB // (8 if half else 4)),
        new_networks=lambda settings, image_set: (),
    )
    return SimpleNamespace(
        settings=settings, reporter=Lines(), notes={"arithmetic": "float32"}, family=family,
        strategy=SimpleNamespace(num_replicas_in_sync=replicas), batch_per_replica=settings.batch_size // replicas,
        workers=SimpleNamespace(cluster=SimpleNamespace(size=workers)),
    )  # fmt: skip


def model_of(run, side=64):
    network = SimpleNamespace(count_params=lambda: 1000)
    estimate = run.family.memory_estimate
    if estimate is not None:
        run.family.memory_estimate = lambda generator, half: estimate(half)
    return SimpleNamespace(roles={"generator": network}, spec=SimpleNamespace(image_size=side))


def free(monkeypatch, amount):
    monkeypatch.setattr(memory, "free_memory", lambda: amount)


@pytest.mark.parametrize(("run", "images"), [
    (run_of(), 32), (run_of(micro_batch=8), 8), (run_of(replicas=2), 32), (run_of(replicas=4, workers=2), 16),
    (run_of(replicas=2, micro_batch=4), 8),
])  # fmt: skip
def test_devices_of_a_machine_share_its_memory(run, images):
    assert memory.images_at_once(run) == images


def test_dry_run_says_what_is_needed_and_what_is_free(monkeypatch):
    free(monkeypatch, 12 * GB)
    planned = memory.plan_memory(run_of(), None, None)
    assert set(planned) == {"memory"} and "about 10 GB beside TensorFlow's own: 1 GB of weights" in planned["memory"]
    assert "9 GB for a step of 32 images at once; 12 GB are free" in planned["memory"]
    assert "5 GB for a step" in memory.plan_memory(run_of(precision="bfloat16"), None, None)["memory"]


def test_dry_run_names_what_would_fit(monkeypatch):
    free(monkeypatch, 7 * GB)  # 1 for the weights, 1 for any step: 20 images
    planned = memory.plan_memory(run_of(), None, None)
    assert planned["memory is short"].startswith("give --micro-batch 16, which") and "--batch-size 20" in str(planned)
    free(monkeypatch, GB)
    assert "not even one image" in memory.plan_memory(run_of(), None, None)["memory is short"]
    free(monkeypatch, None)
    assert "free" not in memory.plan_memory(run_of(), None, None)["memory"]


def test_run_that_would_not_fit_is_told_before_it_starts(monkeypatch):
    free(monkeypatch, 5 * GB)
    run = run_of(replicas=2)
    model = model_of(run)
    memory.warn_of_little_memory(run, model)
    (line,) = run.reporter.lines
    assert "a step of 32 images at once takes about 9 GB of memory, and 5 GB are free" in line
    assert "--micro-batch 8," in line and "--batch-size 16." in line  # 8 of the 16 images of each device
    free(monkeypatch, 9 * GB)
    memory.warn_of_little_memory(run, model)
    assert len(run.reporter.lines) == 1


def test_nothing_is_traced_where_everything_fits(monkeypatch):
    free(monkeypatch, 20 * GB)
    run = run_of()
    model = model_of(run, side=32)
    run.family.memory_estimate = "not called"
    memory.warn_of_little_memory(run, model)
    free(monkeypatch, None)
    memory.warn_of_little_memory(run, model_of(run, side=1024))
    assert not run.reporter.lines


def test_family_without_an_estimate_says_nothing(monkeypatch):
    free(monkeypatch, 5 * GB)
    run = run_of()
    run.family.memory_estimate = None
    assert memory.plan_memory(run, None, None) == {}
    memory.warn_of_little_memory(run, model_of(run))
    assert not run.reporter.lines


def test_gpus_have_memory_of_their_own(monkeypatch):
    free(monkeypatch, 5 * GB)
    monkeypatch.setattr(memory.tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    assert set(memory.plan_memory(run_of(), None, None)) == {"memory"}
