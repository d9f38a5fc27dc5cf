"""Adversarial losses: logits in, one number an image out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
from keras import ops

from keras_transfer_gen.protocols import Objective
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from keras_transfer_gen.aliases import Logits


def per_image(function: Callable[..., tf.Tensor], *logits: list[np.ndarray] | np.ndarray | tf.Tensor) -> tf.Tensor:
    """Applies an elementwise loss, averages over all but the batch axis, and sums over the heads.

    Args:
        function: elementwise function of one tensor an argument.
        *logits: tensors `[batch, ...]`, or equally long lists of such tensors (one a head).

    Returns:
        float32 `[batch]`.
    """
    heads = zip(*logits, strict=True) if isinstance(logits[0], (list, tuple)) else [logits]
    total = 0.0
    for head in heads:
        values = function(*(ops.cast(part, "float32") for part in head))
        total = total + ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=-1)
    return total


@keras.saving.register_keras_serializable(PACKAGE)
class NonSaturating(Objective):
    """Logistic loss whose generator part keeps its gradient where the discriminator is sure.

    With s(x) = log(1 + e^x): the discriminator minimises s(-real) + s(fake), the generator s(-fake).

    Example:
        >>> float(NonSaturating().g_loss(None, keras.ops.zeros((1, 1)))[0])  # log 2
        0.6931471824645996

    Reference:
        Goodfellow et al., Generative Adversarial Nets, 2014 (arXiv:1406.2661), section 3.
    """

    def d_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda x: ops.softplus(-x), real_logits) + per_image(ops.softplus, fake_logits)

    def g_loss(self, real_logits: Logits | None, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda x: ops.softplus(-x), fake_logits)


@keras.saving.register_keras_serializable(PACKAGE)
class Minimax(NonSaturating):
    """The original two-player game: both play for log D(x) + log(1 - D(G(z))).

    The generator minimises log(1 - D(G(z))) = -s(fake), whose gradient fades where the discriminator wins.

    Example:
        >>> gan.compile(objective=Minimax())  # doctest: +SKIP

    Reference:
        Goodfellow et al., Generative Adversarial Nets, 2014 (arXiv:1406.2661), equation 1.
    """

    def g_loss(self, real_logits: Logits | None, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda x: -ops.softplus(x), fake_logits)


@keras.saving.register_keras_serializable(PACKAGE)
class Hinge(Objective):
    """Margin loss: logits beyond 1 (real) and -1 (made) cost the discriminator nothing.

    Example:
        >>> import numpy as np
        >>> float(Hinge().d_loss(np.array([[0.5]]), np.array([[-2.0]]))[0])
        0.5

    Reference:
        Lim and Ye, Geometric GAN, 2017 (arXiv:1705.02894); Miyato et al., 2018 (arXiv:1802.05957).
    """

    def d_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        real = per_image(lambda x: ops.relu(1.0 - x), real_logits)
        return real + per_image(lambda x: ops.relu(1.0 + x), fake_logits)

    def g_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda x: -x, fake_logits)


@keras.saving.register_keras_serializable(PACKAGE)
class Relativistic(Objective):
    """Logistic loss of pairs: the discriminator is to rate each real image above the generated one beside it.

    With s(x) = log(1 + e^x): the discriminator minimises s(fake - real), the generator s(real - fake). A generator that
    leaves out a kind of image goes on losing to its real ones, so fewer kinds are dropped. It needs a penalty at real
    and at generated images, such as `penalties.R1R2`.

    Example:
        >>> gan.compile(objective=Relativistic(), penalty="r1_r2")  # doctest: +SKIP

    Reference:
        Jolicoeur-Martineau, The relativistic discriminator, 2018 (arXiv:1807.00734); Huang et al., The GAN is dead;
        long live the GAN!, 2025 (arXiv:2501.05441).
    """

    def d_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda real, fake: ops.softplus(fake - real), real_logits, fake_logits)

    def g_loss(self, real_logits: Logits, fake_logits: Logits) -> tf.Tensor:
        return per_image(lambda real, fake: ops.softplus(real - fake), real_logits, fake_logits)
