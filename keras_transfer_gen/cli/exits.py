"""How a command ends: exit codes, one-line errors, and where the noise of native libraries goes."""

import contextlib
import errno
import functools
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from json import dumps as dump_json
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from keras_transfer_gen import checks, files
from keras_transfer_gen.worker_cluster import WorkerLost

FAULT, MISUSE, INTERRUPTED = 1, 2, 130
WORKER_LOST = 75  # the same command again goes on
TRAININGS = ("finetune", "pretrain", "grow", "distill")
PREEMPTIONS = ("SIGTERM", "SIGUSR1")  # in a training: what a scheduler sends before it takes the machine away
MORE_SIGNALS = ("SIGUSR1",)  # that trainings end on
JSON = "keras_transfer_gen.json"  # in the context of `ktg`: whether its user expects JSON
# What the machine refuses is no fault of the package: no room, no rights, a read-only disk.
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a command so that each kind of end has its exit code and its words.

    0: done, or a training that was preempted (SIGTERM, SIGUSR1; with `--grace` by any signal).
    2: something the user gave can't be used, one line on stderr. 130: interrupted. 1: a fault of this package,
    with a log file. 75: another worker of the same training was lost. `--debug` also shows the traceback; `--json` also
    prints {"error": the line} on stdout.
    """

    @functools.wraps(command)
    def run(*args: Any, debug: bool = False, **kwargs: Any) -> Any:
        end = functools.partial(_end, debug=debug, json=kwargs.get("json", False))
        trains = command.__name__ in TRAININGS
        with _terminate_as_interrupt(MORE_SIGNALS if trains else ()):
            try:
                return command(*args, **kwargs)
            except (typer.Exit, typer.Abort, BrokenPipeError):
                raise
            except checks.Interrupted as stop:
                preempted.extend([stop] if stop.preempted else [])
                end(stop, one_line(stop), 0 if stop.preempted else INTERRUPTED)
            except KeyboardInterrupt as stop:
                if not trains:
                    end(stop, "interrupted: what was not finished is not written.", INTERRUPTED)
                is_preempted = getattr(stop, "preempts", False) or kwargs.get("grace") is not None
                preempted.extend([stop] if is_preempted else [])
                text = "interrupted: what was saved stays; the same command again continues a run."
                end(stop, text, 0 if is_preempted else INTERRUPTED)
            except checks.USER_ERRORS as error:
                end(error, f"error: {one_line(error)}", MISUSE)
            except WorkerLost as error:
                with contextlib.suppress(typer.Exit):
                    end(error, f"error: {one_line(error)}", WORKER_LOST)
                leave_at_once(WORKER_LOST)
            except Exception as error:
                if isinstance(error, OSError) and error.errno in REFUSALS:
                    end(error, f"error: {one_line(error)}", MISUSE)
                text = f"error: {type(error).__name__}: {one_line(error)}\nThis is a fault of keras_transfer_gen. "
                end(error, text + f"Please report it with {write_log(error)} attached.", FAULT)

    return run


preempted = []  # why the process is to end at once


def leave_if_preempted() -> None:
    """Ends the process with exit code 0 where a training was preempted: taking TensorFlow down can take seconds."""
    if preempted:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class OneLineGroup(TyperGroup):
    """Commands whose wrong options end with one line on stderr as well, where Typer draws a box."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        json = "--json" in args
        with _usage_errors_on_one_line(json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[JSON] = json
        return context

    def invoke(self, ctx: Any) -> Any:
        with _usage_errors_on_one_line(ctx.meta[JSON]):
            return super().invoke(ctx)


@contextlib.contextmanager
def _usage_errors_on_one_line(json: bool) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Click's classes: Typer brings its own copy of them. That of "no arguments" holds the whole help.
        if not hasattr(error, "format_message") or "NoArgs" in type(error).__name__:
            raise
        context = getattr(error, "ctx", None)
        more = f" See `{context.command_path} --help`." if context else ""
        _print_error(f"error: {one_line(error.format_message()).rstrip('.')}.{more}", json)
        raise typer.Exit(getattr(error, "exit_code", MISUSE)) from error


def leave_at_once(code: int) -> NoReturn:
    """Ends the process without TensorFlow's own end, which would wait for the worker that was lost."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def one_line(error: object) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())


def write_log(error: Exception) -> str:
    """Writes the traceback to a new file in the temporary folder; returns its path."""
    text = "".join(traceback.format_exception(error))
    handle, path = tempfile.mkstemp(prefix="ktg-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(f"python {sys.version}\ncommand {sys.argv}\nnative output {native_log()}\n{text}")
    return path


def native_log() -> Path:
    """Where native code's lines go while a command runs as a process of its own."""
    return files.cache_folder("logs") / "native.log"


def quiet_native_libraries() -> None:
    """Sends what native code prints to a log file, and keeps `sys.stderr` on the terminal.

    TensorFlow prints lines at import that no setting turns off; they would tear a progress bar.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        native_log().parent.mkdir(parents=True, exist_ok=True)
        target = os.open(native_log(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    sys.stderr.flush()
    terminal = os.dup(2)
    raw = io.BufferedWriter(io.FileIO(terminal, "w"))
    sys.stderr = Terminal(raw, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True)
    os.dup2(target, 2)
    os.close(target)


class Terminal(io.TextIOWrapper):
    """A text stream that writes to nowhere once its terminal was closed: a training must live to be saved."""

    def write(self, text: str) -> int:
        with self._left():
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._left():
            super().flush()

    @contextlib.contextmanager
    def _left(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


def _end(error: BaseException, text: str, code: int, debug: bool, json: bool) -> NoReturn:
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    _print_error(text, json)
    raise typer.Exit(code)


def _print_error(text: str, json: bool) -> None:
    """An error on stderr; for programs on stdout as well, where they expect JSON."""
    print(text, file=sys.stderr)
    if json:
        print(dump_json({"error": one_line(text.removeprefix("error: "))}, ensure_ascii=False))


class SignalReceived(KeyboardInterrupt):
    """A signal other than Ctrl-C asked the process to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.preempts = signal.Signals(number).name in PREEMPTIONS


@contextlib.contextmanager
def _terminate_as_interrupt(more: Sequence[str] = ()) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise SignalReceived(number)

    names = [name for name in ("SIGTERM", "SIGHUP", *more) if name in signal.Signals.__members__]
    before = {signal.Signals[name]: signal.getsignal(signal.Signals[name]) for name in names}
    # What `nohup` has ignored stays ignored.
    handled = [number for number in before if number != signal.SIGHUP or before[number] is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():  # which alone may set handlers
        handled = []
    try:
        for number in handled:
            signal.signal(number, stop)
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
