"""What tests of the command line share."""

import pytest
from typer.testing import CliRunner


@pytest.fixture
def ktg():
    """Function: arguments -> result of `ktg` with them, in this process."""
    from keras_transfer_gen.cli.main import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
