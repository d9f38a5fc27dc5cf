import importlib.metadata
import sys

import pytest
from packaging.requirements import Requirement

from keras_transfer_gen.recipes.machine import versions
from keras_transfer_gen.version import __version__

METADATA = ["numpy>=2.0", "nowhere-to-be-found>=1", "pytest>=8.3; extra == 'dev'", "typer>=900", "not a requirement!"]


@pytest.fixture
def metadata(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: METADATA)


@pytest.mark.usefixtures("metadata")
def test_needed_packages_are_looked_at_and_extras_are_left_out():
    findings = {finding.name: finding for finding in versions.check_versions()}
    assert findings["keras_transfer_gen"].text == __version__ and findings["python"].status == "ok"
    assert findings["numpy"].status == "ok" and "pytest" not in findings
    assert findings["nowhere-to-be-found"].status == "fault"
    assert findings["nowhere-to-be-found"].fix == "Run `pip install 'nowhere-to-be-found>=1'`."
    assert "where >=900 is needed" in findings["typer"].text and findings["typer"].status == "fault"
    assert list(versions.extras()) == ["dev"]


def test_checkout_that_is_not_installed_is_a_note(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    (note,) = [finding for finding in versions.check_versions() if finding.name == "requirements"]
    assert note.status == "note" and "pip install -e ." in note.fix


@pytest.mark.usefixtures("metadata")
def test_other_backends_and_pythons_are_faults(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    faults = {finding.name: finding.fix for finding in versions.check_versions() if finding.status == "fault"}
    assert "KERAS_BACKEND=tensorflow" in faults["KERAS_BACKEND"] and "3.11 to 3.13" in faults["python"]


def test_version_of_a_missing_package_is_none():
    assert versions.installed_version("nowhere-to-be-found") is None
    assert versions.check_requirement(Requirement("numpy>=1")).facts["needed"] == ">=1"
