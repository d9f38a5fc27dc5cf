"""A float32 twin of a generator, to be exported while the trained one stays as it is."""

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity, probe_latents

LOW = ("bfloat16", "float16", "mixed_bfloat16", "mixed_float16")
# A float32 twin rounds otherwise than a bfloat16 original (a few levels); wrong weights are further off than this.
LOW_TOLERANCE = 64.0


def float32_twin(generator, spec):
    """A copy of a generator that computes in float32, with the same weights, and the pictures that it must make.

    Nothing of `generator` changes, and the twin shares nothing with it.

    Args:
        generator: functional `keras.Model`, latents `[batch, latent_dim]` -> images `[batch, S, S, C]` in [-1, 1], in
            any precision, mirrored or not.
        spec: its `ModelSpec`.

    Returns:
        (twin, latents, images): `keras.Model` with everything trainable; float32 `[4, latent_dim]` fixed latents;
        float32 `[4, S, S, C]`, which the original (or, where it computes in less than float32, the twin) makes of them.

    Raises:
        UserError: where the generator is not of the spec's shape, or inside a strategy's scope.
        ExportError: where the twin does not make what the original makes.
    """
    check_shapes(generator, spec)
    if tf.distribute.has_strategy():
        step = "Call it after the `with strategy.scope():` block; a generator made in one is fine."
        raise checks.user_error("strategy", "left before exporting", tf.distribute.get_strategy(), step)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # for composite layers that leave their sublayers' type to the default
    try:
        twin = keras.models.clone_model(generator, clone_function=_float32_clone, recursive=True)
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(generator.get_weights())
    twin.trainable = False  # Keras passes a flag on to the layers only where it changes
    twin.trainable = True
    latents = probe_latents(spec.latent_dim)
    original, copied = (_pictures(network, latents) for network in (generator, twin))
    low = any(layer.dtype_policy.name in LOW for layer in generator.layers)
    check_parity(original, copied, LOW_TOLERANCE if low else 1.0, "The float32 copy")
    return twin, latents, copied if low else original


def check_shapes(generator, spec):
    """Raises a `UserError` where a generator's shapes are not those of its spec."""
    expected = (None, spec.latent_dim), (None, spec.image_size, spec.image_size, spec.channels)
    received = generator.input_shape, generator.output_shape
    if received != expected:
        raise checks.user_error("generator", f"a model from {expected[0]} to {expected[1]}, as its spec says", received)


def _pictures(network, latents):
    return keras.ops.convert_to_numpy(keras.ops.cast(network(latents, training=False), "float32"))


def _float32_clone(layer):
    return type(layer).from_config(_raised(layer.get_config()))


def _raised(config):
    """A layer's config with every type of low precision, wrapped layers included, set to float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in LOW:
            return {**config, "config": {**config["config"], "name": "float32"}}
        return {key: "float32" if key == "dtype" and value in LOW else _raised(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_raised(item) for item in config)
    return config
