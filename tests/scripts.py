"""How tests import a script that lies outside the package, such as a benchmark."""

import importlib
import sys

import pytest


def import_script(folder, name):
    """The module `name` of a folder; it imports its neighbours as when it is run, and leaves no bytecode there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(sys, "dont_write_bytecode", True)
        return importlib.import_module(name)
