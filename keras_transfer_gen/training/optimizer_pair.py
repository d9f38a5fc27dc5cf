"""Two optimizers seen as one, for Keras' callbacks, which know `model.optimizer` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import tensorflow as tf


class OptimizerPair:
    """A view of the optimizers of a GAN: `ReduceLROnPlateau` and `LearningRateScheduler` set both learning rates.

    The learning rate is the generator's; setting it also sets the discriminator's, so that their ratio stays. The view
    has no variables of its own and is in no saved file.

    Args:
        generator: Keras optimizer of the generator.
        discriminator: Keras optimizer of the discriminator.

    Example:
        >>> pair = OptimizerPair(keras.optimizers.SGD(0.4), keras.optimizers.SGD(0.1))
        >>> pair.learning_rate = 0.2
        >>> round(float(pair.discriminator.learning_rate), 6)
        0.05
    """

    name = "generator_and_discriminator"
    built = True

    def __init__(self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer) -> None:
        self.generator = generator
        self.discriminator = discriminator
        self._ratio = 1.0  # the discriminator's rate to the generator's, as it was when the latter was not 0

    @property
    def learning_rate(self) -> Any:
        """The generator's learning rate, as its optimizer gives it."""
        return self.generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float | tf.Tensor) -> Any:
        before = float(keras.ops.convert_to_numpy(self.generator.learning_rate))
        if before:
            self._ratio = float(keras.ops.convert_to_numpy(self.discriminator.learning_rate)) / before
        self.generator.learning_rate = rate
        self.discriminator.learning_rate = float(rate) * self._ratio

    @property
    def iterations(self) -> Any:
        """Steps taken by the generator's optimizer."""
        return self.generator.iterations

    @property
    def variables(self) -> list[Any]:
        """List of the variables of both optimizers."""
        return [*self.generator.variables, *self.discriminator.variables]
