"""Which optional packages are installed. One that is missing is no fault: a note says how to install it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_transfer_gen.recipes.machine.finding import NOTE, OK, WARNING, Finding
from keras_transfer_gen.recipes.machine.versions import DISTRIBUTION, extras, installed_version

if TYPE_CHECKING:
    from packaging.requirements import Requirement


AREA = "extras"
FOR_DEVELOPERS = ("dev", "bench", "docs")


def check_extras() -> list[Finding]:
    """A `Finding` for each extra that users may want."""
    return [_check(name, needed) for name, needed in extras().items() if name not in FOR_DEVELOPERS]


def _check(name: str, needed: Sequence[Requirement]) -> Finding:
    versions = {requirement.name: installed_version(requirement.name) for requirement in needed}
    missing = [package for package, version in versions.items() if version is None]
    old = [r for r in needed if versions[r.name] and not r.specifier.contains(versions[r.name], prereleases=True)]
    install = f"Run `pip install '{DISTRIBUTION}[{name}]'`"
    if missing:
        text = f"not installed: {', '.join(missing)}"
        return Finding(AREA, name, NOTE, text, f"{install} to use it.", {"versions": versions})
    if old:
        text = ", ".join(f"{r.name} {versions[r.name]}, where {r.specifier} is needed" for r in old)
        return Finding(AREA, name, WARNING, text, f"{install}.", {"versions": versions})
    text = ", ".join(f"{package} {version}" for package, version in versions.items())
    return Finding(AREA, name, OK, text, facts={"versions": versions})
