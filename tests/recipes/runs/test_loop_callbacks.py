import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.loop_callbacks import checkpoint_seconds


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("2.5", 2.5)])
def test_checkpoint_interval_can_be_set(monkeypatch, text, seconds):
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", text)
    assert checkpoint_seconds() == seconds
    for wrong in ("soon", "-1", "nan"):
        monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", wrong)
        with pytest.raises(checks.UserError, match="`KTG_CHECKPOINT_SECONDS` must be a number of seconds"):
            checkpoint_seconds()
