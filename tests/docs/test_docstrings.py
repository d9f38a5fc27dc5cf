"""Every public name has a docstring with its arguments and an example whose calls the package takes."""

import doctest
import inspect

import pytest

import keras_transfer_gen as ktg
from tests.docs.test_pages import call_faults, python_faults

ALIASES = {"fine_tune_vae", "pretrain_vae"}  # of version 0.1: the same objects as the names without `_vae`
NAMES = sorted(set(ktg._LAZY) - ALIASES)
REGISTERS = [name for name in NAMES if name.startswith("register_")]  # made from one template


def examples_of(docstring):
    return [example.source for example in doctest.DocTestParser().get_examples(docstring)]


def arguments_of(thing):
    """Names that a function, or a class' own `__init__`, takes."""
    if inspect.isclass(thing) and "__init__" not in vars(thing):
        return []
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:  # an exception
        return []
    return [item.name for item in parameters if item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)]


def faults_of(name):
    """What is missing in the docstring of a public name, or wrong in its example."""
    thing = getattr(ktg, name)
    docstring = inspect.getdoc(thing) or ""
    faults = [] if len(docstring.split()) > 4 else ["no docstring"]
    if arguments_of(thing) and "Args:" not in docstring:
        faults.append("no Args:")
    source = "".join(examples_of(docstring))
    if not source:
        return [*faults, "no example"]
    qualified = source
    for public in ktg._LAZY:  # an example says `load_gan(...)`; the checks know `ktg.load_gan(...)`
        qualified = qualified.replace(f" {public}(", f" ktg.{public}(").replace(f"({public}(", f"(ktg.{public}(")
        qualified = qualified.replace(f"\n{public}(", f"\nktg.{public}(")
    return [*faults, *python_faults(qualified.replace("class ktg.", "class "))]


@pytest.mark.parametrize("name", NAMES)
def test_public_name_has_arguments_and_an_example(name):
    assert faults_of(name) == []


def test_faults_are_found(monkeypatch):
    def load_gan(source):
        """Loads what is called `source` here.

        Example:
            >>> gan = load_gan("a", trusted=True)
        """

    monkeypatch.setitem(vars(ktg), "load_gan", load_gan)
    assert faults_of("load_gan") == ["no Args:", "ktg.load_gan(trusted=)"]
    assert callable(call_faults) and len(REGISTERS) >= 9
