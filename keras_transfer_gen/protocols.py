"""What can be injected into a `GAN` or `VAE`: objective, augmentation, penalty, regulariser, prior; what a step shows.

New methods implement one of these; the models themselves are never edited for them.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks, variational


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


@dataclasses.dataclass(frozen=True)
class VAEStep:
    """One training step of a VAE on one replica, as regularisers see it.

    Args:
        vae: the model being trained.
        phase: "vae"; a VAE has one loss.
        index: int64 scalar, number of the step, from 0.
        kimg: float32 scalar, thousands of real images shown before this step.
        real: float32 `[batch, H, W, C]` in [-1, 1].
        z_mean: float32 `[batch, latent_dim]`, of the encoder.
        z_log_var: the same, log variance.
        latents: the same, drawn from the two.
        reconstructions: float32 `[batch, H, W, C]`, of the decoder.
    """

    vae: Any
    phase: str
    index: Any
    kimg: Any
    real: Any
    z_mean: Any
    z_log_var: Any
    latents: Any
    reconstructions: Any


class Objective(abc.ABC):
    """A pair of adversarial losses. Both take un-activated logits and return one number an image.

    Logits are a tensor `[batch, ...]`, or a list of such tensors where the discriminator has several heads, as those
    with feature heads do; `objectives.adversarial.per_image` averages and sums either.
    """

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
    """Differentiable changes that the discriminator sees on real and generated images alike; in float32 under any policy."""

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.built = True  # else Keras runs the whole model once more before training, to build it

    @abc.abstractmethod
    def call(self, images, seed):
        """float32 `[batch, H, W, C]` -> the same shape; `seed` is an int32 `[2]` tensor and the only randomness."""


class IntervalLayer(keras.layers.Layer, abc.ABC):
    """A loss that is taken on every `interval`-th step only, and is then `interval` times as large.

    Args:
        interval: steps from one to the next; 1 is each step.
        every: the same under the name that it has in files of version 0.1.
    """

    def __init__(self, interval=1, every=None, **kwargs):
        super().__init__(**kwargs)
        hint = "Such as interval=16; 1 is each step."
        self.interval = checks.check_integer("interval", interval if every is None else every, next_step=hint)
        self.built = True  # see `Augment`

    @property
    def every(self):
        """`interval` under its name in version 0.1."""
        return self.interval

    def get_config(self):
        return {**super().get_config(), "interval": self.interval}


class Penalty(IntervalLayer):
    """A loss on a network's gradients, such as R1.

    Heads that bound their own slope are not to be penalised: take `without_lipschitz_bounded(step.gan.discriminator)`.

    Args:
        interval: see `IntervalLayer`.
    """

    @abc.abstractmethod
    def losses(self, step):
        """`{"d": float32 [batch]}`: what is added to the discriminator's loss."""


class Regularizer(IntervalLayer):
    """A loss on weights, logits or images that keeps the adapted model near something.

    `attach(model)` is called once by `compile`; create variables there. They are tracked and checkpointed.

    Args:
        interval: see `IntervalLayer`.
    """

    def attach(self, model):
        """Makes what the regulariser needs of the model; called once, before training."""

    @abc.abstractmethod
    def losses(self, step):
        """`{"g": [batch] or scalar, "d": ...}`, of a VAE `{"vae": ...}`; keys may be left out.

        Called in each phase of a `Step` or `VAEStep`; only the phase's key is used.
        """

    def after_step(self, step):
        """Updates statistics after both networks moved; all-reduce what is measured on one replica."""


class Prior(keras.layers.Layer, abc.ABC):
    """The distribution of a VAE's latents: saved and exported with the model, because images are drawn from it.

    A prior is told as a map from standard normal noise to latents of the same shape, so that what makes the noise
    (`training.latents`, the caller of an exported model) is the same for every prior.

    Args:
        latent_dim: length of a latent vector, or None until `attach` tells it.
    """

    def __init__(self, latent_dim=None, **kwargs):
        kwargs.setdefault("dtype", "float32")  # always: half of its digits would move the tails
        super().__init__(**kwargs)
        self.latent_dim = None if latent_dim is None else checks.check_integer("latent_dim", latent_dim)
        self.built = True  # see `Augment`

    def attach(self, latent_dim):
        """Called by the model with its own size: sets the prior's where it has none, else compares them.

        Raises:
            UserError: where they differ.
        """
        if self.latent_dim is None:
            self.latent_dim = checks.check_integer("latent_dim", latent_dim)
        if self.latent_dim != latent_dim:
            hint = "Fit a prior to latents of this model with fit_prior."
            raise checks.user_error("prior", f"a distribution of {latent_dim} latent dimensions", self.latent_dim, hint)

    @abc.abstractmethod
    def call(self, noise):
        """Standard normal float32 `[batch, latent_dim]` -> latents of this distribution, the same shape.

        Graph-safe, row by row, without randomness of its own, and of operators that TFLite has.
        """

    @abc.abstractmethod
    def log_prob(self, latents):
        """Latents `[batch, latent_dim]` -> float32 `[batch]`, the log density in nats. Differentiable."""

    def kl_terms(self, z_mean, z_log_var, latents):
        """How far a diagonal Gaussian posterior is from this prior, in nats: terms that add up to the divergence.

        Here one term, estimated with the one draw `latents`. A prior with a closed form overrides it; one of
        independent dimensions gives a term for each of them, and free bits act on each term.

        Args:
            z_mean: float32 `[batch, latent_dim]`.
            z_log_var: float32 `[batch, latent_dim]`.
            latents: float32 `[batch, latent_dim]`, drawn from the posterior.

        Returns:
            float32 `[batch, terms]`.
        """
        posterior = variational.normal_log_density(latents, z_mean, z_log_var)
        return (posterior - self.log_prob(latents))[:, tf.newaxis]

    def sample(self, num, seed=0, truncation=1.0):
        """float32 `[num, latent_dim]`; row i depends on `seed` and i alone. Works in a graph, `num` may be a tensor.

        Args:
            num: number of rows.
            seed: non-negative integer.
            truncation: factor on the noise, in (0, 1]; less is nearer to the distribution's centres.
        """
        if self.latent_dim is None:
            raise checks.user_error("latent_dim", "known before sample", None, "Give StandardNormal(latent_dim=...).")

        def row(number):
            return tf.random.stateless_normal(
                (self.latent_dim,), tf.random.experimental.stateless_fold_in([seed, 0], number)
            )

        noise = tf.map_fn(row, tf.range(num), fn_output_signature=tf.TensorSpec((self.latent_dim,), tf.float32))
        return self(truncation * noise)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Likelihood(keras.layers.Layer, abc.ABC):
    """How likely an image is, given its reconstruction; its statistics are saved with the model."""

    of_levels = True  # whether it is a density over [-1, 1], so that bits per dimension mean something

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")  # sums over many pixels need all digits
        super().__init__(**kwargs)
        self.built = True  # see `Augment`

    @abc.abstractmethod
    def loss(self, real, reconstructions):
        """What training minimises: float32 `[batch]`, nats per image, a sum over pixels.

        Args:
            real: float32 `[batch, H, W, C]` in [-1, 1].
            reconstructions: the same, of the decoder.
        """

    @abc.abstractmethod
    def log_likelihood(self, real, reconstructions):
        """The log density that evaluation reports: float32 `[batch]`, nats per image; nothing depends on the batch."""

    def after_step(self, real, reconstructions, index):
        """Updates statistics after step number `index`; all-reduce what is measured on one replica."""


class MultiNetwork(abc.ABC):
    """A model made of several networks, each with a role that starts its paths, such as "generator"."""

    @property
    @abc.abstractmethod
    def roles(self):
        """dict of role -> `keras.Model`, in the order in which reports list them."""


class FixedDtype(abc.ABC):  # noqa: B024  a mark to be asked for, it has nothing to do
    """A layer that computes in types of its own, whatever the precision of training, such as a SavedModel."""


class LipschitzBounded(abc.ABC):  # noqa: B024  a mark to be asked for, it has nothing to do
    """The last layer of a head of a discriminator that bounds its own slope: penalties on gradients leave it out."""


def without_lipschitz_bounded(discriminator):
    """A discriminator without its heads that bound themselves; itself where it has none, or no others.

    Args:
        discriminator: `keras.Model`; the layers of what is returned are shared with it.

    Returns:
        `keras.Model` with the logits of the other heads: a tensor where there is one, else a list.
    """
    heads = getattr(discriminator, "outputs", None) or []
    others = [head for head in heads if not isinstance(head._keras_history.operation, LipschitzBounded)]
    if len(others) in (0, len(heads)):
        return discriminator
    return keras.Model(discriminator.input, others if len(others) > 1 else others[0], name=discriminator.name)
