"""One model, two parts that are trained one after the other: an autoencoder, and the prior over its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training.fit_data import FlagWatch

PARTS = AUTOENCODER, PRIOR = "autoencoder", "prior"


class PartsInTurn:
    """What a model with an attribute `prior` needs so that one `fit`, one step count and one checkpoint serve both."""

    prior: Any
    trackers: dict[str, keras.metrics.Metric]  # of the autoencoder; `evaluate` measures it, whichever part learns
    learns = AUTOENCODER  # what `fit` trains, one of `PARTS`

    def watch_parts(self, networks: Iterable[keras.Model]) -> None:
        """Notes the networks of the autoencoder, whose `trainable` flags a traced step takes for granted."""
        self._flags = FlagWatch(networks)
        self._traced: str | None = None  # the part that the traced step trains

    def learn(self, part: str) -> None:
        """Sets what `fit` trains from now on; a new or loaded model begins with the autoencoder.

        Args:
            part: "autoencoder", or "prior": its network, at the tokens of a fixed autoencoder. Steps and images are
                counted on, whichever part they train.

        Raises:
            UserError: for another word, and for "prior" where there is none or it isn't compiled.
        """
        checks.check_choice("part", part, PARTS, 'Such as vq.learn("prior").')
        if part == PRIOR and (self.prior is None or not self.prior.compiled):
            raise checks.user_error("part", "a VQVAE with a compiled prior", part, "Call vq.prior.compile() first.")
        self.learns = part

    def list_optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The optimizers of what can be trained: the prior's, where it is compiled, then the autoencoder's."""
        models: list[Any] = [self.prior, self]
        return [model.optimizer for model in models if model is not None and model.compiled]

    def make_train_function(self, force: bool = False) -> Any:
        """Traces the step again where another part is trained, or other weights of it, than last; Keras would not."""
        flags = self._flags if self.learns == AUTOENCODER else self.prior.flags
        traced, self._traced = self._traced, self.learns
        return super().make_train_function(force or flags.changed() or traced != self.learns)  # type: ignore[misc]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What the part that learns measures."""
        return self.prior.metrics if self.learns == PRIOR else list(self.trackers.values())

    def reset_metrics(self) -> None:
        """Resets what both parts measure."""
        for metric in (*self.metrics, *self.trackers.values()):
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """dict of name -> result of what was measured since the last reset: a training step measures no SSIM, say."""
        metrics = (*self.metrics, *self.trackers.values())
        return {metric.name: metric.result() for metric in metrics if _is_measured(metric)}


def _is_measured(metric: keras.metrics.Metric) -> bool:
    return bool(tf.reduce_any(tf.convert_to_tensor(metric.variables[-1]) > 0))  # a count in all of them
