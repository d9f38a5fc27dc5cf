import pytest
from typer.testing import CliRunner

from keras_transfer_gen.cli.main import app
from keras_transfer_gen.recipes.runs import local_workers


@pytest.fixture
def launched(monkeypatch):
    """What the workers would be started with; the exit code is the number of workers."""
    calls = []

    def launch_workers(arguments, count, write):
        calls.append((arguments, count))
        write("[worker 0] done")
        return count - 2

    monkeypatch.setattr(local_workers, "launch_workers", launch_workers)
    return calls


def test_what_follows_is_given_to_the_workers_as_it_is(launched):
    given = ["finetune", "--source", "noto_gan_64", "--trust", "--picture-fit", "pad", "--json"]
    result = CliRunner().invoke(app, ["launch", "--workers", "2", "--", *given])
    assert result.exit_code == 0 and launched == [(given, 2)] and "[worker 0] done" in result.output


def test_exit_code_is_that_of_the_workers(launched):
    assert CliRunner().invoke(app, ["launch", "--workers", "5", "--", "pretrain"]).exit_code == 3


def test_other_commands_are_refused(launched):
    result = CliRunner().invoke(app, ["launch", "--", "generate", "runs/a"])
    assert result.exit_code == 2 and "`command` must be one of" in result.output and not launched
