"""What a file keeps of a `VQVAE` beside its weights, and the model of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen.training import compiled_parts, trainable_flags, vqvae_adversary

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config

_COMPILED = ("optimizer", "augment")
_PARTS = ("encoder", "quantizer", "decoder", "prior", "reconstruction", "discriminator", "drawn_tokens")
_TEXTS = ("source", "licence")
_ARGUMENTS = ("name", "commitment", "class_names")


def write_config(vq: Any) -> Config:
    """The `get_config` of a `VQVAE`."""
    serialize = keras.saving.serialize_keras_object
    parts = {name: serialize(getattr(vq, name)) for name in _PARTS if getattr(vq, name) is not None}
    own = {name: getattr(vq, name) for name in (*_ARGUMENTS, *_TEXTS)}
    own.update(class_names=list(vq.class_names), class_shares=list(vq.class_shares))
    return {**own, **parts, "trainable": trainable_flags.read_all(vq)}


def read_config(cls: type, config: Config, custom_objects: Any = None) -> Any:
    """A `VQVAE` (`cls`) of what `write_config` gave, with fresh weights."""
    revive = keras.saving.deserialize_keras_object
    parts = {name: revive(config[name], custom_objects=custom_objects) for name in _PARTS if name in config}
    drawn_tokens = parts.pop("drawn_tokens", None)
    vq = cls(**parts, **{name: config[name] for name in _ARGUMENTS})
    vq.drawn_tokens = drawn_tokens
    for name in _TEXTS:
        setattr(vq, name, config.get(name, ""))
    vq.class_shares = config.get("class_shares", [])
    trainable_flags.write_all(vq, config["trainable"])
    return vq


def write_compile_config(vq: Any) -> Config:
    """What the `compile` of a `VQVAE` was given, ready for a file."""
    parts = compiled_parts.serialize_parts(vq, _COMPILED)
    return {**parts, "seed": vq.seed, **vqvae_adversary.adversary_config(vq)}


def compile_arguments(config: Config) -> dict[str, Any]:
    """Arguments of `compile` from `write_compile_config`."""
    parts = compiled_parts.revive_parts(config, _COMPILED)
    return {**parts, "seed": config["seed"], **vqvae_adversary.adversary_arguments(config)}
