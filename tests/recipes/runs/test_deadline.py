import os
import signal
import subprocess
import sys
import threading
import time

from keras_transfer_gen.recipes.runs.deadline import Deadline

# One native call that no Python signal handler can end: it waits ten seconds for a lock that it holds.
BUSY = """
import ctypes, signal, sys
from keras_transfer_gen.recipes.runs.deadline import Deadline
signal.signal(signal.SIGUSR1, lambda *_: None)
with Deadline(float(sys.argv[1]), [signal.SIGUSR1], lambda name: print(name, "left", flush=True)):
    print("ready", flush=True)
    for _ in range(100):
        ctypes.CDLL(None).sleep(10)
"""


def test_process_in_native_code_is_gone_within_its_grace():
    with subprocess.Popen([sys.executable, "-c", BUSY, "1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        start = time.monotonic()
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=9) == 0 and time.monotonic() - start < 9
        assert process.stdout.read() == "SIGUSR1 left\n"


def test_block_that_ends_in_time_is_left_alone():
    left, before = [], signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with Deadline(0.2, [signal.SIGUSR1], left.append, end=left.append):
            os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.3)
        assert left == []
        with Deadline(0.1, [signal.SIGUSR1], left.append, end=left.append):
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.4)
        assert left == ["SIGUSR1", 0]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_without_a_grace_and_in_other_threads_nothing_is_watched():
    with Deadline(None, [signal.SIGUSR1], print) as deadline:
        assert deadline._thread is None
    watched = []

    def work():
        with Deadline(5.0, [signal.SIGUSR1], print) as deadline:
            watched.append(deadline._thread)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert watched == [None]
