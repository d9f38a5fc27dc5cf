import os

import pytest

from keras_transfer_gen.export.quiet import silent_stderr


def test_what_is_written_to_the_descriptor_is_lost(capfd):
    with silent_stderr():
        os.write(2, b"chatter")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_descriptor_comes_back_after_an_error(capfd):
    with pytest.raises(RuntimeError, match="inside"), silent_stderr():
        raise RuntimeError("inside")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_process_without_standard_error_runs_on(monkeypatch):
    def closed(descriptor):
        raise OSError("bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    done = False
    with silent_stderr():
        done = True
    assert done
