"""What can be given to a `GAN` or `VAE`: objective, augmentation, penalty, regulariser, prior, likelihood.

New methods implement one of these; the models themselves are never edited for them.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks, variational

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, Logits, Shape
    from keras_transfer_gen.steps import Step


class Objective(abc.ABC):
    """A pair of adversarial losses. Both take un-activated logits and return one number an image.

    Logits are a tensor `[batch, ...]`, or a list of such tensors where the discriminator has several heads, as those
    with feature heads do; `objectives.adversarial.per_image` averages and sums either.

    Example:
        >>> class Critic(Objective):
        ...     def d_loss(self, real_logits, fake_logits):
        ...         return (fake_logits - real_logits)[:, 0]
        ...
        ...     def g_loss(self, real_logits, fake_logits):
        ...         return -fake_logits[:, 0]
        >>> gan.compile(objective=Critic())  # doctest: +SKIP
    """

    @abc.abstractmethod
    def d_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        """float32 `[batch]`: what the discriminator minimises."""

    @abc.abstractmethod
    def g_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        """float32 `[batch]`: what the generator minimises; no gradient reaches `real_logits`."""

    def get_config(self) -> dict[str, Any]:
        """Arguments that make the same objective again."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The objective of `get_config`."""
        return cls(**config)


class Augment(keras.layers.Layer, abc.ABC):
    """Differentiable changes of what the discriminator sees, of real and generated images alike.

    Always in float32, whatever the precision of training.

    Attributes:
        shared_seed: whether all replicas get the same seed, draw for the images of all and take `replicas.own_rows` of
            it, so that their number does not count. Else each has a seed of its own.

    Example:
        >>> class Brighten(Augment):
        ...     def call(self, images, seed):
        ...         return images + 0.1
        >>> Brighten().call(1.0, seed=None)
        1.1
    """

    shared_seed = False

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.built = True  # else Keras runs the whole model once more before training, to build it

    @abc.abstractmethod
    def call(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """float32 `[batch, H, W, C]` -> the same shape; `seed` is an int32 `[2]` tensor and the only randomness."""

    def measures(self) -> dict[str, tf.Tensor]:
        """dict of name -> float32 scalar: what training reports beside the losses, such as a strength that changes."""
        return {}

    def after_step(self, step: Step) -> None:
        """Updates the augmentation's own variables, such as its strength, after both networks moved; see `Step`.

        `step.real_logits` is what the discriminator answered to this replica's real images; all-reduce what is
        measured of it.
        """


class IntervalLayer(keras.layers.Layer, abc.ABC):
    """A loss that is taken on every `interval`-th step only, and is then `interval` times as large.

    `phases` names the losses that it adds to: "d" (discriminator), "g" (generator), "vae". `needs_source = True` in a
    class has the model keep frozen copies of its networks, which every step shows as `step.source`.

    Args:
        interval: steps from one to the next; 1 is each step.
        every: the same under the name that it has in files of version 0.1.
    """

    phases: tuple[str, ...] = ("d", "g", "vae")
    needs_source = False

    def __init__(self, interval: int = 1, every: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        hint = "Such as interval=16; 1 is each step."
        self.interval = checks.check_integer("interval", interval if every is None else every, next_step=hint)
        self.built = True  # see `Augment`

    @property
    def every(self) -> int:
        """`interval` under its name in version 0.1."""
        return self.interval

    def attach(self, model: keras.Model | None, data: Any = None) -> None:
        """Makes what it needs of the model; create variables here, which are then saved with the model.

        `compile` calls it. So it is called again where a model is compiled anew, loaded from a file, or continued with
        a changed network; what was measured before must then stay, and is read from the file after this call.

        Args:
            model: `GAN` or `VAE`.
            data: what `compile(data=...)` was given, such as `load_images` returns; None where a model is loaded.
        """

    @abc.abstractmethod
    def losses(self, step: Any) -> dict[str, tf.Tensor]:
        """dict of phase -> float32 `[batch]` or scalar; phases may be left out.

        Called in each of `phases` with a `Step` or `VAEStep`; only the loss of the step's own phase is used.
        """

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interval": self.interval}


class Penalty(IntervalLayer):
    """A loss on what a network does, for which it calls the network itself, such as R1.

    It is computed apart from the step's own losses, and on the steps where it is due alone; so no gradient flows
    through the images and logits of the step. In phase "d" call `step.gan.discriminator(step.real_inputs(images))`, in
    phase "g" `step.generate(step.drawn)`. Heads that bound their own slope are not to be penalised: take
    `without_lipschitz_bounded(step.gan.discriminator)`.

    `statistics` names further float32 scalars in the dict of `losses`, which `after_step` is given.

    Replicas can't exchange anything in the conditional in which `losses` is called. A penalty that must, such as for a
    mean over all images, sets `has_own_conditional`: then `losses` is called in every step, computes in a `tf.cond` of
    its own what is costly, and gives 0 where it is not due.

    Args:
        interval: see `IntervalLayer`.

    Example:
        >>> class SmallLogits(Penalty):
        ...     phases = ("d",)
        ...
        ...     def losses(self, step):
        ...         return {"d": step.real_logits**2}
        >>> SmallLogits(interval=4).interval
        4
    """

    phases = ("d",)
    statistics: tuple[str, ...] = ()
    has_own_conditional = False

    def after_step(self, step: Step, statistics: dict[str, tf.Tensor], due: tf.Tensor) -> None:
        """Updates the penalty's own variables after both networks moved.

        Args:
            step: the `Step`, in phase "g".
            statistics: dict of the scalars that `statistics` names, of this replica; 0 where it was not due.
            due: bool scalar, whether the penalty was taken in this step.
        """


class Regularizer(IntervalLayer):
    """A loss on weights, logits or images that keeps the adapted model near something.

    It is part of the step's own losses, so that gradients flow through the step's images and logits.

    Args:
        interval: see `IntervalLayer`.

    Example:
        >>> class Darker(Regularizer):
        ...     phases = ("g",)
        ...
        ...     def losses(self, step):
        ...         return {"g": step.fake}
        >>> gan.compile(regularizers=[Darker(interval=4)])  # doctest: +SKIP
    """

    def after_step(self, step: Any) -> None:
        """Updates statistics after both networks moved; all-reduce what is measured on one replica."""


class Prior(keras.layers.Layer, abc.ABC):
    """The distribution of a VAE's latents: saved and exported with the model, because images are drawn from it.

    A prior is told as a map from standard normal noise to latents of the same shape, so that what makes the noise
    (`training.latents`, the caller of an exported model) is the same for every prior.

    Args:
        latent_dim: length of a latent vector, or None until `attach` tells it.

    Example:
        >>> vae.set_prior(GaussianPrior(latent_dim=64))  # doctest: +SKIP
    """

    def __init__(self, latent_dim: int | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")  # always: half of its digits would move the tails
        super().__init__(**kwargs)
        self.latent_dim = None if latent_dim is None else checks.check_integer("latent_dim", latent_dim)
        self.built = True  # see `Augment`

    def attach(self, latent_dim: int) -> None:
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
    def call(self, noise: tf.Tensor) -> tf.Tensor:
        """Standard normal float32 `[batch, latent_dim]` -> latents of this distribution, the same shape.

        Graph-safe, row by row, without randomness of its own, and of operators that TFLite has.
        """

    @abc.abstractmethod
    def log_prob(self, latents: tf.Tensor) -> tf.Tensor:
        """Latents `[batch, latent_dim]` -> float32 `[batch]`, the log density in nats. Differentiable."""

    def kl_terms(self, z_mean: tf.Tensor, z_log_var: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
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

    def sample(self, num: int | tf.Tensor, seed: int | tf.Tensor = 0, truncation: float = 1.0) -> tf.Tensor:
        """float32 `[num, latent_dim]`; row i depends on `seed` and i alone. Works in a graph, `num` may be a tensor.

        Args:
            num: number of rows.
            seed: non-negative integer.
            truncation: factor on the noise, in (0, 1]; less is nearer to the distribution's centres.
        """
        if self.latent_dim is None:
            raise checks.user_error("latent_dim", "known before sample", None, "Give StandardNormal(latent_dim=...).")

        def row(number: tf.Tensor) -> tf.Tensor:
            return tf.random.stateless_normal(
                (self.latent_dim,), tf.random.experimental.stateless_fold_in([seed, 0], number)
            )

        noise = tf.map_fn(row, tf.range(num), fn_output_signature=tf.TensorSpec((self.latent_dim,), tf.float32))
        return self(truncation * noise)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Likelihood(keras.layers.Layer, abc.ABC):
    """How likely an image is, given its reconstruction; its statistics are saved with the model.

    Example:
        >>> class Squared(Likelihood):
        ...     def loss(self, real, reconstructions):
        ...         return image_sum((real - reconstructions) ** 2)
        ...
        ...     def log_likelihood(self, real, reconstructions):
        ...         return -self.loss(real, reconstructions)
        >>> vae = VAE(encoder, decoder, likelihood=Squared())  # doctest: +SKIP
    """

    of_levels = True  # whether it is a density over [-1, 1], so that bits per dimension mean something

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")  # sums over many pixels need all digits
        super().__init__(**kwargs)
        self.built = True  # see `Augment`

    @abc.abstractmethod
    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """What training minimises: float32 `[batch]`, nats per image, a sum over pixels.

        Args:
            real: float32 `[batch, H, W, C]` in [-1, 1].
            reconstructions: the same, of the decoder.
        """

    @abc.abstractmethod
    def log_likelihood(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """The log density that evaluation reports: float32 `[batch]`, nats per image; nothing depends on the batch."""

    def after_step(self, real: tf.Tensor, reconstructions: tf.Tensor, index: tf.Tensor) -> None:
        """Updates statistics after step number `index`; all-reduce what is measured on one replica."""


class Reconstruction(keras.layers.Layer, abc.ABC):
    """How far reconstructions of a `VQVAE` are from its images; always in float32.

    Example:
        >>> class Squared(Reconstruction):
        ...     def loss(self, real, reconstructions):
        ...         return (real - reconstructions) ** 2
        >>> Squared().loss(3.0, 1.0)
        4.0
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.built = True  # see `Augment`

    @abc.abstractmethod
    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """What training minimises: float32 `[batch]`, a mean over the numbers of an image.

        Args:
            real: float32 `[batch, H, W, C]` in [-1, 1].
            reconstructions: the same, of the decoder.
        """


class MultiNetwork(abc.ABC):
    """A model made of several networks, each with a role that starts its paths, such as "generator"."""

    @property
    @abc.abstractmethod
    def roles(self) -> dict[str, keras.Model]:
        """dict of role -> `keras.Model`, in the order in which reports list them."""


class FixedDtype(abc.ABC):  # noqa: B024  a mark to be asked for, it has nothing to do
    """A layer that computes in types of its own, whatever the precision of training, such as a SavedModel."""


class LipschitzBounded(abc.ABC):  # noqa: B024  a mark to be asked for, it has nothing to do
    """The last layer of a head of a discriminator that bounds its own slope: penalties on gradients leave it out."""


def without_lipschitz_bounded(discriminator: keras.Model) -> keras.Model:
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
