import pytest

from keras_transfer_gen.recipes.machine import doctor
from keras_transfer_gen.recipes.machine.finding import Finding


@pytest.fixture
def checks(monkeypatch):
    """Function: status of the devices -> areas in the order in which they are looked at."""

    def build(status):
        monkeypatch.setattr(doctor, "CHECKS", {
            "versions": lambda: [Finding("versions", "a", "warning", "old")], "disk": lambda: 1 / 0,
            "devices": lambda: [Finding("devices", "gpu", status, "")],
        })  # fmt: skip
        monkeypatch.setattr(doctor, "AFTER_DEVICES", {"precision": lambda: [Finding("precision", "b", "ok", "")]})
        return doctor.examine()

    return build


def test_check_that_fails_is_a_fault_and_the_others_still_run(checks):
    findings = checks("ok")
    assert [finding.area for finding in findings] == ["versions", "disk", "devices", "precision"]
    assert "ZeroDivisionError" in findings[1].text and findings[1].status == "fault" and findings[1].fix
    assert not doctor.is_well(findings) and doctor.is_well([findings[0], findings[2]])


def test_precision_is_not_timed_on_a_broken_device(checks):
    assert [finding.area for finding in checks("fault")] == ["versions", "disk", "devices"]


def test_presets_are_counted_and_none_is_a_fault(monkeypatch):
    (finding,) = doctor.check_presets()
    assert finding.status == "ok" and "noto_gan_64" in finding.facts["names"]
    monkeypatch.setattr(doctor, "list_presets", list)
    assert doctor.check_presets()[0].status == "fault"
    assert set(doctor.CHECKS) == {
        "versions", "presets", "memory", "disk", "caches", "network", "extras", "devices",
    }  # fmt: skip
