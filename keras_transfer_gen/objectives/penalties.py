"""Penalties on the discriminator's gradient with respect to images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Penalty, without_lipschitz_bounded
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.steps import Step


def squared_gradient(function: Callable[[tf.Tensor], Any], images: tf.Tensor) -> tf.Tensor:
    """Squared length of the gradient of a function's answer, for each image.

    Args:
        function: `[batch, H, W, C]` -> logits `[batch, ...]` or a list of such tensors; each image's answer must
            not depend on the others.
        images: float32 `[batch, H, W, C]`.

    Returns:
        float32 `[batch]`: the sum over height, width and channels, not the mean.
    """
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.add_n([tf.reduce_sum(tf.cast(head, tf.float32)) for head in tf.nest.flatten(function(images))])
    gradient = tf.cast(tape.gradient(total, images), tf.float32)
    return tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3))


@keras.saving.register_keras_serializable(PACKAGE)
class R1(Penalty):
    """gamma / 2 times the squared gradient of the discriminator at real images, before they are augmented.

    Heads that bound themselves (`protocols.LipschitzBounded`) are left out.

    Args:
        gamma: weight, per squared unit of the [-1, 1] pixel range.
        interval: steps between penalties; those taken are weighted up by it ("lazy" regularisation).

    Example:
        >>> gan.compile(penalty=R1(gamma=2.0, interval=16))  # doctest: +SKIP

    Reference:
        Mescheder et al., 2018 (arXiv:1801.04406); lazy: Karras et al., 2020 (arXiv:1912.04958), appendix B.
    """

    def __init__(self, gamma: float = 2.0, interval: int = 16, **kwargs: Any) -> None:
        super().__init__(interval, **kwargs)
        self.gamma = checks.check_number("gamma", gamma, next_step="0 (--r1-gamma 0) turns R1 off.")

    def losses(self, step: Step) -> dict[str, tf.Tensor]:
        return {"d": self.penalty_at(step, step.real, step.real_inputs)}

    def penalty_at(self, step: Step, images: tf.Tensor, inputs: Callable[[tf.Tensor], Any]) -> tf.Tensor:
        """float32 `[batch]`: the penalty at images; `inputs` adds to them what else the discriminator takes."""
        discriminator = without_lipschitz_bounded(step.gan.discriminator)

        def judge(images: tf.Tensor) -> tf.Tensor:
            return discriminator(inputs(step.augment_real(images)), training=True)

        return 0.5 * self.gamma * squared_gradient(judge, images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gamma": self.gamma}


@keras.saving.register_keras_serializable(PACKAGE)
class R1R2(R1):
    """`R1`, and the same at generated images.

    Args:
        gamma: weight of each of the two, per squared unit of the [-1, 1] pixel range.
        interval: steps between penalties; those taken are weighted up by it.

    Example:
        >>> gan.compile(penalty=R1R2(gamma=1.0))  # doctest: +SKIP

    Reference:
        Mescheder et al., 2018 (arXiv:1801.04406); Huang et al., 2025 (arXiv:2501.05441), for both together.
    """

    def losses(self, step: Step) -> dict[str, tf.Tensor]:
        fake = self.penalty_at(step, tf.stop_gradient(step.fake), step.fake_inputs)
        return {"d": super().losses(step)["d"] + fake}
