"""Workers on this machine, for trying out a training of several: processes that meet on the loopback address."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, Any

from keras_transfer_gen import checks
from keras_transfer_gen.worker_cluster import VARIABLE

LEAVE_SECONDS = 60.0  # that the others have to end by themselves, after one worker has failed
KILL_SECONDS = 15.0  # from the request to end to the end
POLL_SECONDS = 0.1
ADDRESS = "127.0.0.1"
START = "from keras_transfer_gen.cli.main import main; main()"
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")


def launch_workers(arguments: list[str], count: int, write: Callable[[str], None]) -> int:
    """Runs a `ktg` command in several processes at once, each of which trains its share.

    Args:
        arguments: of `ktg`, such as ["finetune", "--data", "photos/", ...].
        count: number of workers.
        write: function of each line that a worker prints, with "[worker 0] " before it.

    Returns:
        The exit code: 0 where all workers ended with 0, else that of the first one that failed. After a failure, the
        others have `LEAVE_SECONDS` to end; then they are asked to, and killed `KILL_SECONDS` later.

    Raises:
        UserError: for fewer than 1 worker, or no command.
    """
    checks.check_integer("workers", count, next_step="Such as --workers 2.")
    if not arguments:
        step = "Give it after --, such as `ktg launch --workers 2 -- finetune --data photos/ --out runs/a`."
        raise checks.user_error("command", "a training command of ktg", arguments, step)
    command = [sys.executable, "-c", START, *arguments]
    environments = worker_environments(count)
    if count > 1 and environments[0].get("CUDA_VISIBLE_DEVICES") == "":
        write(f"this machine has fewer GPUs than the {count} workers: they train on its CPUs")
    processes: list[subprocess.Popen] = []
    with _forwarded_signals(processes):
        try:
            for environment in environments:
                processes.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )  # fmt: skip
                )
            readers = [
                threading.Thread(target=_copy_lines, args=(process.stdout, f"[worker {number}] ", write), daemon=True)
                for number, process in enumerate(processes)
            ]
            for reader in readers:
                reader.start()
            code = _wait(processes, write)
            for reader in readers:
                reader.join(timeout=KILL_SECONDS)
            return code
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def worker_environments(count: int) -> list[dict[str, str]]:
    """The environment of each worker: where all of them are, its share of the cores and of the GPUs."""
    addresses = [f"{ADDRESS}:{port}" for port in _free_ports(count)]
    threads = str(max((os.cpu_count() or 1) // count, 1))
    gpus = _gpus()
    share = len(gpus) // count
    environments = []
    for number in range(count):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        environment = {"TF_NUM_INTRAOP_THREADS": threads, **os.environ, VARIABLE: json.dumps(task)}
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[number * share : (number + 1) * share])
        environments.append({**environment, "PYTHONUNBUFFERED": "1"})
    return environments


def _gpus() -> list[str]:
    """Numbers of the GPUs that this process may use, as text; found without loading TensorFlow."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in (part.strip() for part in visible.split(",")) if name and name != "-1"]
    return [str(number) for number in range(len(glob.glob("/dev/nvidia[0-9]*")))]


def _free_ports(count: int) -> list[int]:
    """Ports that are free now: all are held at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((ADDRESS, 0))
        return [each.getsockname()[1] for each in sockets]


def _copy_lines(stream: IO[bytes], prefix: str, write: Callable[[str], Any]) -> None:
    with stream:
        for line in stream:
            write(prefix + line.decode(errors="backslashreplace").rstrip("\r\n"))


def _wait(processes: list[subprocess.Popen], write: Callable[[str], Any]) -> int:
    """Waits for all workers; the exit code as in `launch_workers`."""
    first, deadline = 0, None
    while any(process.poll() is None for process in processes):
        first = first or _first_failure(processes)
        if first and deadline is None:
            deadline = time.monotonic() + LEAVE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            write(f"a worker failed {LEAVE_SECONDS:.0f} seconds ago: the others are ended")
            _end(processes)
            break
        time.sleep(POLL_SECONDS)
    return first or _first_failure(processes)


def _first_failure(processes: list[subprocess.Popen]) -> int:
    codes = [process.returncode for process in processes if process.returncode]
    return 0 if not codes else codes[0] if codes[0] > 0 else 128 - codes[0]


def _end(processes: list[subprocess.Popen]) -> None:
    """Asks what still runs to end, and kills what does not."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + KILL_SECONDS
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _forwarded_signals(processes: list[subprocess.Popen]) -> Iterator[None]:
    """Within the block, signals that ask this process to end reach every worker, each in a session of its own."""

    def forward(number: int, frame: FrameType | None) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    numbers = [signal.Signals[name] for name in FORWARDED if name in signal.Signals.__members__]
    if threading.current_thread() is not threading.main_thread():  # which alone may set handlers
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, forward)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
