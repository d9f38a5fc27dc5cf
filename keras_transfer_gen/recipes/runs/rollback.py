"""A training whose numbers are no longer finite goes back to its last good checkpoint, with a lower learning rate."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.training.checkpoint import latest_checkpoint, newest_whole, restore_checkpoint
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.settings.shared import RunSettings


MOST = 3  # times that a training goes back with the same settings
FACTOR = 0.5  # on every learning rate, each time; exact in float32
RATES = ("learning_rate", "g_lr_ratio", "r1_gamma", "batch_size")  # a run that goes on with another one counts anew


class Diverged(Exception):
    """A loss or a weight is no longer finite.

    Args:
        reason: what is not finite, such as "d_loss is nan".
        before: dict of the losses of the last step whose losses were finite.
    """

    def __init__(self, reason: str, before: dict[str, float]) -> None:
        super().__init__(reason)
        self.reason, self.before = reason, before


def settings_of_rates(settings: RunSettings) -> dict[str, Any]:
    """The settings that a divergence depends on, as a JSON-ready dict."""
    return {name: getattr(settings, name) for name in RATES if hasattr(settings, name)}


def times_gone_back(training: Training, settings: RunSettings) -> int:
    """How often a training went back with the present settings (int).

    Args:
        training: `Training`.
        settings: settings of the run, as the user gave them.
    """
    return sum(entry["settings"] == settings_of_rates(settings) for entry in training.rollbacks)


def lower_rates(model: keras.Model, times: int = 1) -> float:
    """Multiplies the learning rate of each optimizer by `FACTOR`, `times` times; returns the last one's rate."""
    for optimizer in model.list_optimizers():
        optimizer.learning_rate = rate_of(optimizer) * FACTOR**times
    return rate_of(model.list_optimizers()[-1])


def rate_of(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of an optimizer, float; under a strategy it is a variable with a copy on each device."""
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def go_back(run: Run, training: Training, fault: Diverged) -> None:
    """Restores the last good checkpoint and lowers the learning rates; what was done is said and noted.

    How often, and with which rates, is a part of the training's state, so that a run that is interrupted goes on alike.

    Args:
        run: `Run`.
        training: `Training`, changed in place.
        fault: `Diverged`.

    Raises:
        UserError: with a diagnosis, where there is no checkpoint or the training went back `MOST` times already.
    """
    model, folder = training.model, training.branch.checkpoints
    kimg, times = model.kimg, times_gone_back(training, run.settings)
    if times >= MOST or latest_checkpoint(folder) is None:
        raise checks.UserError(diagnose(run, training, fault, times)) from fault

    def restore(path: Path) -> dict[str, Any]:
        with beside(path):
            return restore_checkpoint(model, path)

    with run.strategy.scope():
        _, state = newest_whole(folder, restore, run.reporter.say)
        rate = lower_rates(model)
    training.records = state["records"]
    entry = {"kimg": kimg, "back_to_kimg": model.kimg, "reason": fault.reason, "learning_rate": rate}
    training.rollbacks = [*training.rollbacks, {**entry, "settings": settings_of_rates(run.settings)}]
    run.workers.wait()  # until all have read it
    if run.workers.is_chief:
        training.save(run.settings.out, replace=True)
    run.reporter.say(f"{describe_rollback(entry)} ({times + 1} of at most {MOST} times)")


def describe_rollback(entry: dict[str, Any]) -> str:
    """An entry of `Training.rollbacks` in a sentence without its full stop."""
    return (
        f"the training diverged at {entry['kimg']:.2f} kimg ({entry['reason']}): it went back to "
        f"{entry['back_to_kimg']:.2f} kimg, with the learning rate {entry['learning_rate']:g}"
    )


def diagnose(run: Run, training: Training, fault: Diverged, times: int) -> str:
    """Why a training stops: what is not finite, what was tried, what to change; text on one line.

    Args:
        run: `Run`; its family advises what to change.
        training: `Training`.
        fault: `Diverged`.
        times: how often the training went back.
    """
    model, settings = training.model, run.resolved
    latest = latest_checkpoint(training.branch.checkpoints)
    rate = rate_of(model.list_optimizers()[-1])
    sentences = [f"the training diverged at {model.kimg:.2f} kimg: {fault.reason}"]
    sentences += _describe_weights(model)
    if fault.before:
        shown = ", ".join(f"{name} {value:.3g}" for name, value in fault.before.items())
        sentences.append(f"The losses before: {shown}")
    if times:
        rates = [f"{entry['learning_rate']:g}" for entry in training.rollbacks[-times:]]
        sentences.append(f"It went back {times} times, with the learning rates {', '.join(rates)}, and diverged again")
    sentences.append(
        "Nothing was saved before it" if latest is None else f"The last good checkpoint stays ({latest.name})"
    )
    steps = list(run.family.divergence_steps(settings))
    if math.isclose(rate, settings.learning_rate * FACTOR**times, rel_tol=1e-3):  # from scratch has one of its own
        steps.insert(0, f"lower --learning-rate (now {settings.learning_rate:g})")
    advice = " or ".join(steps) or run.family.divergence_last_step
    return f"{'. '.join(sentences)}. Give the same command again, but {advice}."


def _describe_weights(model: keras.Model) -> list[str]:
    """A sentence for each network with weights that are not finite: how many, and the first of them."""
    sentences = []
    for role, network in model.roles.items():
        floats = [weight for weight in network.weights if weight.dtype.startswith(("float", "bfloat"))]
        broken = [weight for weight in floats if not np.isfinite(weight.numpy()).all()]
        if broken:
            counted = f"{len(broken)} of {len(floats)} weights of the {role} are not finite"
            sentences.append(f"{counted}, the first of them {broken[0].path}")
    return sentences
