"""All that `ktg doctor` looks at, in order. A check that fails itself is a fault, and the others still run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from keras_transfer_gen.recipes.machine import cache_contents, devices, extras, network, resources, versions
from keras_transfer_gen.recipes.machine.finding import FAULT, Finding
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.transfer.fetching.presets import list_presets

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter


CHECKS = {  # area: function () -> list of `Finding`
    "versions": versions.check_versions,
    "presets": lambda: check_presets(),
    "memory": resources.check_memory,
    "disk": resources.check_disk,
    "caches": cache_contents.check_cache,
    "network": network.check_network,
    "extras": extras.check_extras,
    "devices": devices.check_tensorflow,
}
AFTER_DEVICES = {"precision": devices.check_precision}  # only where TensorFlow and every device work


def examine(reporter: Reporter = SILENT) -> list[Finding]:
    """Looks at the machine and the installation; loads TensorFlow, which takes seconds.

    Args:
        reporter: told of the progress.

    Returns:
        list of `Finding`.
    """
    findings = []
    for area, check in CHECKS.items():
        reporter.say(f"looking at {area}")
        findings += _run(area, check)
    if not any(finding.area == "devices" and finding.status == FAULT for finding in findings):
        for area, check in AFTER_DEVICES.items():
            reporter.say(f"looking at {area}")
            findings += _run(area, check)
    return findings


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing is broken (bool): warnings and notes are no faults."""
    return all(finding.status != FAULT for finding in findings)


def check_presets() -> list[Finding]:
    """One `Finding` in a list: the models that come with the package."""
    presets = list_presets()
    names = [preset.name for preset in presets]
    if not names:
        fix = "Install the package again, from a wheel or a whole checkout (`git lfs pull` where files are pointers)."
        return [Finding("presets", "presets", FAULT, "none", fix)]
    return [Finding("presets", "presets", "ok", f"{len(names)}: {', '.join(names)}", facts={"names": names})]


def _run(area: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        fix = "Please report it with this line."
        return [Finding(area, area, FAULT, f"the check itself failed: {reason}", fix)]
