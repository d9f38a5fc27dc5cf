"""L2-SP: trained weights are kept near where the source had them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Regularizer
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


PHASES = {"generator": "g", "discriminator": "d", "encoder": "vae", "decoder": "vae"}  # in which a role is trained


@keras.saving.register_keras_serializable(PACKAGE)
class L2SP(Regularizer):
    """Adds weight / 2 x the squared distance of the trained weights from the starting point.

    The starting point is what the weights are when the model is first compiled. A model that is loaded in the middle of
    a training keeps the point that it started from, and so does one whose networks were changed since, such as by
    `add_feature_heads` or `select_latents`. Left out are weights that are frozen when it is compiled, and those that
    were added later.

    Args:
        weight: factor, at least 0.
        roles: networks to keep near the source, such as ("generator",) or "generator"; None takes all of the model's.
        interval: steps from one to the next, see `Regularizer`.

    Example:
        >>> L2SP(1e-4).weight
        0.0001

    Reference:
        Li, Grandvalet and Davoine, Explicit Inductive Bias for Transfer Learning, 2018 (arXiv:1802.01483).
    """

    def __init__(self, weight: float = 1e-4, roles: list[str] | None = None, interval: int = 1, **kwargs: Any) -> None:
        super().__init__(interval, **kwargs)
        self.weight = checks.check_number("weight", weight, next_step="Such as 1e-4.")
        self.chosen = [roles] if isinstance(roles, str) else None if roles is None else list(roles)
        self._shapes: Any = None  # path of each weight that has a starting point -> its shape
        self._pairs: Any = None

    def attach(self, model: Any, data: Any = None) -> None:
        for role in self.chosen or ():
            checks.check_choice("roles", role, model.roles)
        chosen = [role for role in model.roles if self.chosen is None or role in self.chosen]
        weights = {path: pair for role in chosen for path, pair in _paths(role, model.roles[role]).items()}
        if self._shapes is None:
            trained = {path: variable for path, (_, variable) in weights.items() if variable.trainable}
            self._shapes = {path: list(variable.shape) for path, variable in trained.items()}
        starts = dict(zip(self._shapes, self.weights or self._make_starts(weights), strict=True))
        pairs = {}
        for path in starts.keys() & weights.keys():
            phase, variable = weights[path]
            pairs.setdefault(phase, {})[path] = variable, starts[path]
        # In the order of the starting points: a sum depends on it, and a resumed training must not.
        ordered = {phase: [own[path] for path in starts if path in own] for phase, own in pairs.items()}
        self._pairs = _Untracked(ordered)

    def _make_starts(self, weights: dict[str, tuple[str, keras.Variable]]) -> list[keras.Variable]:
        for number, (path, shape) in enumerate(self._shapes.items()):
            start = self.add_weight(
                shape=shape, dtype="float32", trainable=False, autocast=False, name=f"start_{number}",
                initializer="zeros",
            )  # fmt: skip
            if path in weights:
                start.assign(tf.cast(weights[path][1].value, tf.float32))
        return self.weights

    def losses(self, step: Any) -> dict[str, tf.Tensor]:
        pairs = self._pairs.value.get(step.phase, ())
        if not pairs:
            return {}
        moved = [tf.reduce_sum(tf.square(tf.cast(now.value, tf.float32) - start)) for now, start in pairs]
        return {step.phase: 0.5 * self.weight * tf.add_n(moved)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "roles": self.chosen, "shapes": self._shapes}

    @classmethod
    def from_config(cls, config: Config) -> L2SP:
        config = dict(config)
        shapes = config.pop("shapes", None)  # files of version 0.1 have none
        regularizer = cls(**config)
        regularizer._shapes = shapes
        return regularizer


def _paths(role: str, network: keras.Model) -> dict[str, tuple[str, keras.Variable]]:
    """dict of path -> (phase in which it is trained, variable), of every weight of a network in its own order."""
    paths = {}
    for leaf in leaves(network):
        for variable, path in zip(leaf.variables, leaf.variable_paths(), strict=True):
            paths[id(variable)] = f"{role}/{path}"
    named = {}
    for variable in network.weights:
        path = paths[id(variable)]
        while path in named:
            path += "_"
        named[path] = PHASES[role], variable
    return named


class _Untracked:
    """Hides the model's own variables from Keras, which would save them with the regulariser."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
