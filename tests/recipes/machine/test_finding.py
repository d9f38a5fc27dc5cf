import json

from keras_transfer_gen.recipes.machine.finding import STATUSES, WARNING, Finding, megabytes


def test_finding_is_json_ready():
    finding = Finding("disk", "cache", WARNING, "little room", "Delete something.", {"free_bytes": 3})
    assert json.loads(json.dumps(finding.to_dict())) == {
        "area": "disk", "name": "cache", "status": "warning", "text": "little room", "fix": "Delete something.",
        "facts": {"free_bytes": 3},
    }  # fmt: skip
    assert finding.status in STATUSES


def test_sizes_are_in_decimal_units():
    assert [megabytes(count) for count in (0, 999_000_000, 1e9)] == ["0.0 MB", "999.0 MB", "1.0 GB"]
