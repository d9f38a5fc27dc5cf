"""How fast a model trains in each way that a machine offers: precision, XLA, steps in a call. Measured, not guessed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen.training.precision import set_precision

if TYPE_CHECKING:
    import keras


TIMED_CALLS = 3
MANY_STEPS = 8  # in one call of the graph
WORTH = 1.03  # times as fast as the usual way, from which on another one is chosen: less is noise


@dataclasses.dataclass(frozen=True)
class Way:
    """A way of computing the same step.

    Args:
        precision: "float32" or "bfloat16".
        jit_compile: whether XLA compiles the step.
        steps_per_execution: steps in one call of the graph.
    """

    precision: str = "float32"
    jit_compile: bool = False
    steps_per_execution: int = 1


def find_fastest(
    measure: Callable[[Way], float], seconds: float, clock: Callable[[], float] = time.monotonic
) -> tuple[Way, list[tuple[Way, float | None, str]]]:
    """Tries one thing after the other and keeps what is faster: precision, then XLA, then several steps in a call.

    Args:
        measure: function of a `Way` -> images a second; raises where a way is not possible.
        seconds: after which nothing further is tried; the usual way always is.
        clock: function that gives seconds.

    Returns:
        (the fastest `Way`, list of (`Way`, images a second or None, reason why there is none)).
    """
    start, best, trials = clock(), Way(), []
    fastest = measure(best)
    trials.append((best, fastest, ""))
    for change in ({"precision": "bfloat16"}, {"jit_compile": True}, {"steps_per_execution": MANY_STEPS}):
        way = dataclasses.replace(best, **change)
        if clock() - start >= seconds:
            trials.append((way, None, "not tried: the time was up"))
            continue
        try:
            speed = measure(way)
        except Exception as error:  # noqa: BLE001  XLA refuses in many ways
            trials.append((way, None, f"not possible: {str(error).strip().splitlines()[0][:120]}"))
            continue
        trials.append((way, speed, ""))
        if speed >= WORTH * fastest:
            best, fastest = way, speed
    return best, trials


def images_per_second(model: keras.Model, recompile: Callable[..., Any], way: Way, batch_size: int) -> float:
    """The speed of a model's training step.

    Args:
        model: compiled `GAN` or `VAE`; it is trained on noise.
        recompile: function (jit_compile=, steps_per_execution=) that compiles it anew.
        way: `Way`.
        batch_size: images in a step.

    Returns:
        float, the median of `TIMED_CALLS` calls after the first, in which TensorFlow gets ready.
    """
    recompile(jit_compile=way.jit_compile, steps_per_execution=way.steps_per_execution)
    set_precision(model, way.precision)
    shape = (batch_size, model.spec.image_size, model.spec.image_size, model.spec.channels)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    batch = (images, tf.zeros(batch_size, tf.int32)) if model.spec.num_classes else images
    iterator = iter(tf.data.Dataset.from_tensors(batch).repeat())
    model.make_train_function(force=True)
    seconds = []
    for _ in range(TIMED_CALLS + 1):
        start = time.perf_counter()
        model.train_function(iterator)
        int(model.step.numpy())  # waits for the step to end
        seconds.append(time.perf_counter() - start)
    return way.steps_per_execution * batch_size / float(np.median(seconds[1:]))
