"""Times variants of the same work in turn, so that a drift or a busy moment of the machine meets all of them."""

import datetime
import os
import platform
import statistics
import sys
import time
from pathlib import Path

from keras_transfer_gen.native_kernels import prefer_onednn

prefer_onednn()  # as `ktg` does; the scripts import this module before TensorFlow
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def times_in_turn(variants, repeats, steps, clock=time.perf_counter):
    """Seconds a step of each variant: A B C A B C ...; the first round of each is not counted.

    Args:
        variants: dict of name -> function `steps -> None` that runs that many steps and waits for the last.
        repeats: rounds that are counted.
        steps: steps of a variant in a round.
        clock: function that gives seconds; `time.process_time` counts those of the processor, for a busy machine.

    Returns:
        dict of name -> list of `repeats` floats.
    """
    seconds = {name: [] for name in variants}
    for repeat in range(repeats + 1):
        for name, run in variants.items():
            start = clock()
            run(steps)
            if repeat:
                seconds[name].append((clock() - start) / steps)
    return seconds


def repeated(step, wait=lambda: None):
    """Function `steps -> None` for `times_in_turn`: calls `step()` so often, then `wait()` until the last has ended."""

    def run(steps):
        for _ in range(steps):
            step()
        wait()

    return run


def speeds(seconds, batch):
    """Images a second of each variant: the batch over the median of its seconds, rounded to 0.1."""
    return {name: round(batch / statistics.median(values), 1) for name, values in seconds.items()}


def paired_ratio(slower, faster):
    """How many times as fast `faster` is: the median of the ratios of rounds that stood side by side.

    Example:
        >>> paired_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
        2.0
    """
    return round(statistics.median(a / b for a, b in zip(slower, faster, strict=True)), 3)


def add_rival_options(parser):
    """Adds the options of benchmarks that time steps against PyTorch to a parser of the command line."""
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"], choices=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=7, help="rounds that are counted")
    parser.add_argument("--steps", type=int, default=4, help="steps of a variant in a round; one in bfloat16")
    parser.add_argument("--threads", type=int, help="threads of both sides; by default one for each core")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="what is counted")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--out", type=Path, help="folder for results.json")


def runnable(steps):
    """(the steps that PyTorch can take on this machine, {name: its message} of the others).

    Args:
        steps: dict of name -> function as for `times_in_turn`; each takes one step here, which also compiles it.
    """
    able, failed = {}, {}
    for name, step in steps.items():
        try:
            step(1)
            able[name] = step
        except RuntimeError as error:
            failed[name] = str(error).splitlines()[0]
            print(f"PyTorch can't do it, {name}: {failed[name]}", flush=True)
    return able, failed


def limit_threads(count):
    """Lets TensorFlow and PyTorch compute with so many threads, int; None leaves one for each core."""
    if count:
        import tensorflow as tf
        import torch

        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
        torch.set_num_threads(count)


def cpu_name():
    """The processor's name and the number of its cores that this process may use."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"


def busy_cores(seconds=1.0):
    """How many cores are at work while this process sleeps, a float; None where the system does not tell.

    The usual load is a mean over the last minute, in which a benchmark before this one may still be.
    """
    counts = Path("/proc/stat")
    if not counts.exists():
        return None

    def ticks():
        values = [int(word) for word in counts.read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]]
        return sum(values), values[3] + values[4]  # all, and those without work or waiting for a disk

    total, idle = ticks()
    time.sleep(seconds)
    later, still = ticks()
    return round(os.cpu_count() * (1 - (still - idle) / max(later - total, 1)), 1)


def measured_here():
    """dict that says when, where and how: date, machine, command, and "load", the cores that others keep busy."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": cpu_name(),
        "load": busy_cores(),
        "command": " ".join(["python", _relative(sys.argv[0]), *sys.argv[1:]]),
    }


def _relative(path):
    root = Path(__file__).resolve().parents[2]
    path = Path(path).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
