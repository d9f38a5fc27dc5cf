"""What tests of the command line share."""

import signal

import pytest
from typer.testing import CliRunner


@pytest.fixture
def ktg():
    """Function: arguments -> result of `ktg` with them, in this process."""
    from keras_transfer_gen.cli.main import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def heard_hangup():
    """Under nohup the suite ignores hang-ups, and so would every process that it starts."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
