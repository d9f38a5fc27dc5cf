"""ADA: augmentation whose strength follows how well the discriminator knows the training images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.replicas import count_replicas, own_rows, replica_mean
from keras_transfer_gen.training import ada_draws
from keras_transfer_gen.training.ada_colour import change_colors, color_maps
from keras_transfer_gen.training.ada_geometry import output_to_input, resample
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.steps import Step


MOST = 0.85  # nearer to 1 the generator learns the augmentation itself
CHANNELS = (1, 3, 4)


def transform(images: tf.Tensor, amounts: dict[str, tf.Tensor], groups: str = "bgc") -> tf.Tensor:
    """Images changed by given amounts.

    Args:
        images: float32 `[batch, H, W, C]`, of 1, 3 or 4 channels where colours are among the groups.
        amounts: dict as of `ada_draws.draw_amounts`.
        groups: letters of `ada_draws.GROUPS`.

    Returns:
        float32 `[batch, H, W, C]`; may leave [-1, 1].
    """
    if "b" in groups or "g" in groups:
        images = resample(images, output_to_input(amounts, *images.shape[1:3]))
    if "c" in groups:
        grey = {"hue": tf.zeros_like(amounts["hue"]), "saturation": tf.ones_like(amounts["saturation"])}
        images = change_colors(images, color_maps({**amounts, **(grey if images.shape[-1] == 1 else {})}))
    return images


@keras.saving.register_keras_serializable(PACKAGE)
class ADA(Augment):
    """Adaptive discriminator augmentation: each change is carried out with a probability that follows the training.

    Where the discriminator finds more training images real than `target` says, it is learning them by heart, and the
    probability rises; else it falls. The probability is a weight of the model: checkpoints keep it.

    Args:
        target: the mean sign of the discriminator's answer to training images at which the probability stays, in
            [-1, 1].
        kimg: thousands of images in which the probability rises by 1 at the fastest; 0 keeps it where it is. The
            paper takes 500 for a training from nothing.
        probability: to start with, from 0 to 0.85.
        interval: steps from one change of the probability to the next.
        policy: letters of the groups: b (flips, quarter turns, shifts by whole pixels), g (scales, rotations, shifts),
            c (colours).

    Raises:
        UserError: for a value out of range.

    Example:
        >>> images = tf.zeros((2, 16, 16, 3))
        >>> ADA(probability=0.5)(images, seed=tf.constant([0, 1])).shape
        TensorShape([2, 16, 16, 3])

    Reference:
        Karras et al., Training Generative Adversarial Networks with Limited Data, 2020 (arXiv:2006.06676).
    """

    shared_seed = True

    def __init__(
        self,
        target: float = 0.6,
        kimg: float = 100.0,
        probability: float = 0.0,
        interval: int = 4,
        policy: str = "bgc",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        hint = 'Such as augment="ada:target=0.6" (--augment ada:target=0.6).'
        self.target = checks.check_number("target", target, least=-1.0, most=1.0, next_step=hint)
        self.kimg = checks.check_number("kimg", kimg, next_step=hint)
        self.start = checks.check_number("probability", probability, most=MOST, next_step=hint)
        self.interval = checks.check_integer("interval", interval, next_step=hint)
        if not policy or len(set(policy)) < len(policy) or not set(policy) <= set(ada_draws.GROUPS):
            raise checks.user_error("policy", "letters of b, g and c, each once", policy, "Such as ada:policy=gc.")
        self.policy = policy
        state = {"shape": (), "trainable": False, "aggregation": "only_first_replica"}
        self.probability = self.add_weight(
            name="probability", initializer=keras.initializers.Constant(self.start), **state
        )
        self.sign_sum = self.add_weight(name="sign_sum", initializer="zeros", **state)

    def call(self, images: tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        if "c" in self.policy and images.shape[-1] not in CHANNELS:
            hint = 'Leave colours out with augment="ada:policy=bg".'
            raise checks.user_error("images", "images of 1, 3 or 4 channels", images.shape[-1], hint)
        probability = tf.convert_to_tensor(self.probability)
        amounts = ada_draws.draw_amounts(tf.shape(images)[0] * count_replicas(), probability, seed, self.policy)
        amounts = {name: own_rows(values) for name, values in amounts.items()}
        return transform(images, amounts, self.policy)

    def measures(self) -> dict[str, tf.Tensor]:
        return {"augment_probability": tf.convert_to_tensor(self.probability)}

    def after_step(self, step: Step) -> None:
        if not self.kimg:
            return
        heads = [tf.reduce_mean(tf.sign(tf.cast(head, tf.float32))) for head in tf.nest.flatten(step.real_logits)]
        mean = replica_mean(tf.add_n(heads) / len(heads))
        sign_sum = self.sign_sum.value + mean
        due = (step.index + 1) % self.interval == 0
        images = tf.cast(tf.shape(step.real)[0] * count_replicas() * self.interval, tf.float32)
        change = tf.sign(sign_sum / self.interval - self.target) * images / (1000.0 * self.kimg)
        moved = tf.clip_by_value(self.probability.value + change, 0.0, MOST)
        self.probability.assign(tf.where(due, moved, self.probability.value))
        self.sign_sum.assign(tf.where(due, 0.0, sign_sum))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "target": self.target, "kimg": self.kimg, "probability": self.start,
            "interval": self.interval, "policy": self.policy,
        }  # fmt: skip
