import json

import pytest

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import SILENT, Reporter
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training import Branch, Training, resume_training
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.training.checkpoint import latest_checkpoint


class Family:
    """Counts what `resume_training` asks of a family."""

    rates = ()

    def update_rates(self, model, settings, rates=None):
        self.rates = (*self.rates, rates)


@pytest.fixture
def run(tmp_path):
    settings = FineTuneSettings(data="photos", source="a.keras", out=tmp_path / "run")
    with Run.open("finetune", settings, Family(), SILENT) as run:
        yield run


def test_checkpoint_is_continued_and_its_rates_are_updated(run, source_file):
    branch = Branch.main(run.folder)
    training = resume_training(run, branch, lambda: load_gan(source_file))
    assert training.seconds == 0.0 and training.records == [] and run.family.rates == ()
    training.seconds, training.steady, training.records = 3.0, (40, 2.0), [{"kimg": 1.0, "kid": 2.0}]
    training.model.step.assign(5)
    training.save(run.settings.out)
    again = resume_training(run, branch, None, rates=(1.0, 2.0))
    assert int(again.model.step.numpy()) == 5 and again.state() == training.state()
    assert again.images_per_second == 20.0 and run.family.rates == ((1.0, 2.0),)
    assert resume_training(run, Branch.scratch(run.folder), lambda: "new").model == "new"


def test_checkpoint_of_an_older_version_has_no_steady_speed(run, source_file):
    branch = Branch.main(run.folder)
    resume_training(run, branch, lambda: load_gan(source_file)).save(run.settings.out)
    path = latest_checkpoint(branch.checkpoints) / "state.json"
    path.write_text(json.dumps({"seconds": 3.0, "records": []}))
    training = resume_training(run, branch, None)
    assert (training.seconds, training.steady, training.images_per_second) == (3.0, (0, 0.0), None)


def test_same_step_is_written_again_only_where_asked_for(run, source_file):
    training = Training(load_gan(source_file), Branch.main(RunFolder(run.settings.out)))
    training.save(run.settings.out)
    training.seconds = 9.0
    training.save(run.settings.out)
    state = latest_checkpoint(training.branch.checkpoints) / "state.json"
    assert json.loads(state.read_text())["seconds"] == 0.0
    training.save(run.settings.out, replace=True)
    assert json.loads(state.read_text())["seconds"] == 9.0


def test_damaged_last_checkpoint_is_said_and_the_one_before_is_continued(run, source_file):
    class Lines(Reporter):
        def say(self, line):
            lines.append(line)

    lines, branch = [], Branch.main(run.folder)
    training = resume_training(run, branch, lambda: load_gan(source_file))
    for step in (1, 2):
        training.model.step.assign(step)
        training.save(run.settings.out)
    (latest_checkpoint(branch.checkpoints) / "gan.keras").write_bytes(b"PK damaged")
    run.reporter = Lines()
    again = resume_training(run, branch, None)
    assert int(again.model.step.numpy()) == 1 and "step-000000002 is damaged" in lines[0]
