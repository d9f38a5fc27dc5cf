import importlib.metadata

from keras_transfer_gen.recipes.machine.extras import check_extras


def test_missing_extras_are_notes_old_ones_warnings(monkeypatch):
    needed = [
        "numpy>=2", "numpy>=1; extra == 'one'", "nowhere-to-be-found>=1; extra == \"two\"",
        "numpy>=900; extra == 'three'", "pytest; extra == 'dev'",
    ]  # fmt: skip
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needed)
    findings = {finding.name: finding for finding in check_extras()}
    assert [finding.status for finding in findings.values()] == ["ok", "note", "warning"]
    assert findings["two"].fix == "Run `pip install 'keras-transfer-gen[two]'` to use it."
    assert "where >=900 is needed" in findings["three"].text and "dev" not in findings
