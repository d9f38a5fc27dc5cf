import threading

import pytest

from keras_transfer_gen.running_statistics import keep_statistics, may_update_statistics


def test_statistics_are_kept_within_the_context_alone():
    with keep_statistics():
        with keep_statistics():
            assert not may_update_statistics()
        assert not may_update_statistics()
    assert may_update_statistics()
    with pytest.raises(ZeroDivisionError), keep_statistics():
        1 / 0  # noqa: B018
    assert may_update_statistics()


def test_other_threads_are_not_concerned():
    seen = []
    with keep_statistics():
        thread = threading.Thread(target=lambda: seen.append(may_update_statistics()))
        thread.start()
        thread.join()
    assert seen == [True]
