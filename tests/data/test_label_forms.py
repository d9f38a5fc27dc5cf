import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data.label_forms import check_form, is_label_file


def test_files_of_labels_are_known_by_their_ending():
    assert is_label_file("a/dataset.json") and is_label_file("LABELS.CSV")
    assert not is_label_file("folders") and not is_label_file(["a.csv"])


def test_form_is_checked_without_reading():
    assert [check_form(labels) for labels in (None, "own", "folders", "x.csv")] == [None, "own", "folders", "x.csv"]
    with pytest.raises(UserError, match=r"Did you mean folders\? Set it with labels= \(--labels\)"):
        check_form("folder")
