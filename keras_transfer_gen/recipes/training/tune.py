"""How a source trains fastest on this machine: measured once by `ktg tune`, then known to `ktg finetune`."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models import tuned_ways
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.training.speed_probe import find_fastest, images_per_second
from keras_transfer_gen.transfer.freezing.freeze import freeze

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.training.speed_probe import Way


LOADERS = {"vae": load_vae}  # by family; all others are GANs
TIMED = {"vae": "decoder"}  # the network that an answer is kept for
# What a model is compiled with again: argument of `compile` -> attribute.
COMPILED = {"vae": {"regularizers": "regularizers"}}
COMPILED_GAN = {"objective": "objective", "penalty": "penalties", "augment": "augment"}
HEADER = ("precision", "XLA", "steps in a call", "images/s")


def tune(
    source: PathLike | ModelRef,
    batch_size: int = 32,
    seconds: float = 60.0,
    again: bool = False,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Measures which precision, with or without XLA, and how many steps in one call train a source fastest.

    `ktg finetune` takes the precision from the answer instead of measuring it, unless `--precision` is given or the
    run is deterministic. XLA draws other random numbers, and several steps in a call move the moments of scores and
    checkpoints: these are for your own `compile(jit_compile=, steps_per_execution=)`.

    Args:
        source: what `load_gan` or `load_vae` takes.
        batch_size: images in a step.
        seconds: after which nothing further is tried.
        again: measure anew what is known.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`.

    Returns:
        JSON-ready dict: precision, jit_compile and steps_per_execution of the fastest way, "trials", the machine, the
        date, and whether it was known before ("cached").

    Raises:
        UserError, UserFileError: where the source can't be found or used.

    Example:
        >>> tune("noto_gan_64")["precision"]  # doctest: +SKIP
        'float32'
    """
    checks.check_integer("batch_size", batch_size, next_step="Such as --batch-size 32.")
    checks.check_number("seconds", seconds, above=True, next_step="Such as --seconds 60.")
    ref = resolve_model(source, trust)
    model = LOADERS.get(ref.family, load_gan)(ref)
    network = model.roles[TIMED.get(model.spec.family, "generator")]
    freeze(model, {".*": True})
    known = None if again else tuned_ways.read_answer(network, batch_size)
    if known is not None:
        return {**known, "cached": True}

    def measure(way: Way) -> float:
        words = f"{way.precision}, XLA {'on' if way.jit_compile else 'off'}, {way.steps_per_execution} steps in a call"
        reporter.say(f"measuring: {words}")
        return images_per_second(model, functools.partial(_recompile, model), way, batch_size)

    best, trials = find_fastest(measure, seconds)
    answer = {
        **dataclasses.asdict(best),
        "trials": [
            {**dataclasses.asdict(way), "images_per_second": speed, "note": note} for way, speed, note in trials
        ],
        "batch_size": batch_size,
        "machine": tuned_ways.machine(),
        "date": datetime.date.today().isoformat(),
    }
    tuned_ways.write_answer(network, batch_size, answer)
    return {**answer, "cached": False}


def _recompile(model: keras.Model, **how: Any) -> None:
    """Compiles a model as before, but for how its step is computed, with fresh optimizers."""
    parts = {argument: getattr(model, name) for argument, name in COMPILED.get(model.spec.family, COMPILED_GAN).items()}
    model.compile(**{name: list(part) if isinstance(part, list) else part for name, part in parts.items()}, **how)


def tuning_rows(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    """An answer as the rows of a table under `HEADER`; the fastest way is marked.

    Args:
        answer: what `tune` returned.
    """
    best = {name: answer[name] for name in ("precision", "jit_compile", "steps_per_execution")}
    rows = []
    for trial in answer["trials"]:
        speed = trial["images_per_second"]
        shown = trial["note"] if speed is None else f"{speed:.1f}"
        mark = " (fastest)" if best.items() <= trial.items() else ""
        rows.append(
            (trial["precision"], "on" if trial["jit_compile"] else "off", trial["steps_per_execution"], shown + mark)
        )
    return rows
