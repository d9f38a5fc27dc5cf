"""What can be injected into a `GAN`: objective, augmentation, penalty, regulariser; and what a step shows them.

New methods implement one of these; `GAN` itself is never edited for them.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import keras


@dataclasses.dataclass(frozen=True)
class Step:
    """One training step on one replica, as penalties and regularisers see it.

    Args:
        gan: the model being trained.
        phase: "d" while the discriminator's loss is taken, "g" while the generator's is.
        index: int64 scalar, number of the step, from 0.
        kimg: float32 scalar, thousands of real images shown before this step.
        latents: float32 `[batch, latent_dim]`.
        labels: int32 `[batch]`, or None.
        real: float32 `[batch, H, W, C]` in [-1, 1], before augmenting.
        fake: the same, as the generator made them; no gradient flows in phase "d".
        real_augmented: what the discriminator saw.
        fake_augmented: what the discriminator saw.
        real_logits: its answer to the real ones, a tensor or a list of tensors `[batch, ...]`.
        fake_logits: its answer to the made ones.
        augment_real: function that repeats this step's augmentation of the real images on any `[batch, H, W, C]`.
    """

    gan: Any
    phase: str
    index: Any
    kimg: Any
    latents: Any
    labels: Any
    real: Any
    fake: Any
    real_augmented: Any
    fake_augmented: Any
    real_logits: Any
    fake_logits: Any
    augment_real: Callable


class Objective(abc.ABC):
    """A pair of adversarial losses. Both take un-activated logits and return one number an image."""

    @abc.abstractmethod
    def d_loss(self, real_logits, fake_logits):
        """float32 `[batch]`: what the discriminator minimises."""

    @abc.abstractmethod
    def g_loss(self, real_logits, fake_logits):
        """float32 `[batch]`: what the generator minimises; no gradient reaches `real_logits`."""

    def get_config(self):
        """Arguments that make the same objective again."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The objective of `get_config`."""
        return cls(**config)


class Augment(keras.layers.Layer, abc.ABC):
    """Differentiable changes that the discriminator sees on real and made images alike."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True  # else Keras runs the whole model once more before training, to build it

    @abc.abstractmethod
    def call(self, images, seed):
        """float32 `[batch, H, W, C]` -> the same shape; `seed` is an int32 `[2]` tensor and the only randomness."""


class Penalty(keras.layers.Layer, abc.ABC):
    """A loss on the discriminator's gradients, taken on every `every`-th step and weighted up by `every`.

    Args:
        every: steps from one penalty to the next; 1 is each step.
    """

    def __init__(self, every=1, **kwargs):
        super().__init__(**kwargs)
        self.every = every
        self.built = True  # see `Augment`

    @abc.abstractmethod
    def losses(self, step):
        """`{"d": float32 [batch]}`: what is added to the discriminator's loss."""


class Regularizer(keras.layers.Layer, abc.ABC):
    """A loss on weights, logits or images that keeps the adapted model near something.

    `attach(gan)` is called once by `compile`; create variables there. They are tracked and checkpointed.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True  # see `Augment`

    def attach(self, gan):
        """Makes what the regulariser needs of the model; called once, before training."""

    @abc.abstractmethod
    def losses(self, step):
        """`{"g": [batch] or scalar, "d": ...}`; keys may be left out. Called in each phase; only its key is used."""

    def after_step(self, step):
        """Updates statistics after both networks moved; all-reduce what is measured on one replica."""


class HasRoles(abc.ABC):
    """A model made of several networks, each with a role that starts its paths, such as "generator"."""

    @property
    @abc.abstractmethod
    def roles(self):
        """dict of role -> `keras.Model`, in the order in which reports list them."""
