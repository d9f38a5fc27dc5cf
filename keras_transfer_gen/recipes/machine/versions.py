"""Which versions of Python and of the needed packages are installed, and whether they are the ones that are needed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys

from packaging.requirements import InvalidRequirement, Requirement

from keras_transfer_gen.recipes.machine.finding import FAULT, NOTE, OK, Finding
from keras_transfer_gen.version import __version__

AREA = "versions"
DISTRIBUTION = "keras-transfer-gen"
PYTHONS = ((3, 11), (3, 13))
BACKEND = "KERAS_BACKEND"


def check_versions() -> list[Finding]:
    """`Finding`s: this package, Python, the backend of Keras, and each package that is needed."""
    findings = [Finding(AREA, "keras_transfer_gen", OK, __version__, facts={"version": __version__}), _python()]
    backend = os.environ.get(BACKEND, "tensorflow")
    if backend != "tensorflow":
        fix = f"Set the environment variable {BACKEND}=tensorflow."
        findings.append(Finding(AREA, BACKEND, FAULT, f"{backend}, where tensorflow is needed", fix))
    needed = requirements()
    if not needed:
        fix = "Install it with `pip install -e .`, so that versions can be checked."
        findings.append(Finding(AREA, "requirements", NOTE, "the package runs from a folder, not installed", fix))
    return findings + [check_requirement(requirement) for requirement in needed if not _is_extra(requirement)]


def requirements() -> list[Requirement]:
    """`packaging` requirements of the installed package, those of extras too; empty where it is not installed."""
    try:
        texts = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [parsed for text in texts if (parsed := _parsed(text)) is not None]


def extras() -> dict[str, list[Requirement]]:
    """{name of an extra: its requirements}, in the order of the package's metadata."""
    names = {}
    for requirement in requirements():
        if _is_extra(requirement):
            name = str(requirement.marker).split("==")[-1].strip().strip("\"'")
            names.setdefault(name, []).append(requirement)
    return names


def check_requirement(requirement: Requirement, area: str = AREA) -> Finding:
    """The `Finding` of a package that is needed: whether it is installed, in a version that fits."""
    version = installed_version(requirement.name)
    wanted = f"{requirement.name}{requirement.specifier}"
    fix = f"Run `pip install '{wanted}'`."
    if version is None:
        return Finding(area, requirement.name, FAULT, "not installed", fix)
    facts = {"version": version, "needed": str(requirement.specifier)}
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(area, requirement.name, FAULT, f"{version}, where {requirement.specifier} is needed", fix, facts)
    return Finding(area, requirement.name, OK, version, facts=facts)


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _python() -> Finding:
    least, most = PYTHONS
    text = platform.python_version()
    facts = {"version": text, "platform": platform.platform(), "executable": sys.executable}
    if not least <= sys.version_info[:2] <= most:
        fix = f"Install Python {least[0]}.{least[1]} to {most[0]}.{most[1]}, and make a new environment with it."
        return Finding(AREA, "python", FAULT, text, fix, facts)
    return Finding(AREA, "python", OK, f"{text}, {platform.system()} {platform.machine()}", facts=facts)


def _is_extra(requirement: Requirement) -> bool:
    return requirement.marker is not None and "extra" in str(requirement.marker)


def _parsed(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None
