"""What tests of the command line share."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner


@pytest.fixture
def ktg():
    """Function: arguments -> result of `ktg` with them, in this process."""
    from keras_transfer_gen.cli.main import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def ktg_json(ktg):
    """Function: arguments -> what `ktg` prints with them and --json, read; it must end well."""

    def read(*arguments):
        result = ktg(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return read


@pytest.fixture
def refused(ktg):
    """Function: arguments -> the one line of error of `ktg` with them, without "error: "; it must end with 2."""

    def line(*arguments):
        result = ktg(*arguments)
        assert result.exit_code == 2 and result.stdout == "", result.output
        (error,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        return error.removeprefix("error: ")

    return line


@pytest.fixture
def read_folder():
    """Function: a folder -> uint8 `[N, H, W, C]`, its PNG files by name."""

    def read(folder):
        images = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))])
        return images if images.ndim == 4 else images[..., None]

    return read
