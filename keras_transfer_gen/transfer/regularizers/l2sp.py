"""L2-SP: trained weights are held near where the source had them."""

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Regularizer
from keras_transfer_gen.version import PACKAGE

PHASES = {"generator": "g", "discriminator": "d", "encoder": "vae", "decoder": "vae"}  # in which a role is trained


@keras.saving.register_keras_serializable(PACKAGE)
class L2SP(Regularizer):
    """Adds weight / 2 x the squared distance of the trained weights from the starting point.

    The starting point is what the weights are when the model is compiled; a model that is loaded in the middle of a
    training keeps the point that it started from. Weights that are frozen then are left out.

    Args:
        weight: factor, at least 0.
        roles: networks to hold, such as ("generator",); None holds all of the model's.

    Example:
        >>> L2SP(1e-4).weight
        0.0001

    Reference:
        Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning, 2018 (arXiv:1802.01483).
    """

    def __init__(self, weight=1e-4, roles=None, **kwargs):
        super().__init__(**kwargs)
        self.weight = checks.check_number("weight", weight, next_step="Such as 1e-4.")
        self.held = None if roles is None else list(roles)
        self._pairs = None

    def attach(self, model):
        if self._pairs is not None:
            return  # compiled again: the starting point stays
        networks = model.roles
        for role in self.held or ():
            checks.check_choice("roles", role, networks)
        pairs = {}
        for role, network in networks.items():
            if self.held is None or role in self.held:
                pairs.setdefault(PHASES[role], []).extend(self._start(v) for v in network.trainable_variables)
        self._pairs = _Untracked(pairs)

    def _start(self, variable):
        start = self.add_weight(
            shape=variable.shape, dtype="float32", trainable=False, autocast=False,
            name=f"start_{len(self.weights)}", initializer="zeros",
        )  # fmt: skip
        start.assign(tf.cast(variable.value, tf.float32))
        return variable, start

    def losses(self, step):
        pairs = self._pairs.value.get(step.phase, ())
        if not pairs:
            return {}
        moved = [tf.reduce_sum(tf.square(tf.cast(now.value, tf.float32) - start)) for now, start in pairs]
        return {step.phase: 0.5 * self.weight * tf.add_n(moved)}

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "roles": self.held}


class _Untracked:
    """Hides the model's own variables from Keras, which would save them with the regulariser."""

    def __init__(self, value):
        self.value = value
