"""The examples in docstrings run and give what they say."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import keras_transfer_gen

ROOT = Path(keras_transfer_gen.__file__).parent
SLOW = {"metrics/features.py", "metrics/feature_network.py"}  # they compute at 224 px for seconds
FOLDERS = (".", "data", "maths", "metrics", "objectives", "recipes/settings")
FILES = [path for folder in FOLDERS for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py"]
RUN = re.compile(r">>> (?!.*\+SKIP)")  # an example that is not left out
WITH_EXAMPLES = {str(path.relative_to(ROOT)) for path in FILES if RUN.search(path.read_text("utf-8"))}


@pytest.mark.parametrize("file", sorted(WITH_EXAMPLES - SLOW))
def test_examples_give_what_they_say(file):
    module = importlib.import_module(".".join(("keras_transfer_gen", *Path(file).with_suffix("").parts)))
    results = doctest.testmod(module)
    assert results.failed == 0 and results.attempted > 0
