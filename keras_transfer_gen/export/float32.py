"""A float32 twin of a generator, to be exported while the trained one stays as it is."""

import keras
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.export.parity import call_generator, check_parity, probe_inputs

LOW = ("bfloat16", "float16", "mixed_bfloat16", "mixed_float16")
# A float32 twin rounds otherwise than a bfloat16 original (a few levels); wrong weights are further off than this.
LOW_TOLERANCE = 64.0


def float32_twin(generator, spec):
    """A copy of a generator that computes in float32, with the same weights, and the images that it must make.

    Nothing of `generator` changes, and the twin shares nothing with it.

    Args:
        generator: functional `keras.Model`, latents `[batch, latent_dim]`, or a dict of latents and labels, -> images
            `[batch, S, S, C]` in [-1, 1], in any precision, mirrored or not.
        spec: its `ModelSpec`.

    Returns:
        (twin, inputs, images): `keras.Model` with everything trainable; what `probe_inputs` gives; float32
        `[4, S, S, C]`, which the original (or, where it computes in less than float32, the twin) makes of them.

    Raises:
        UserError: where the generator is not of the spec's shape, or inside a strategy's scope.
        ExportError: where the twin does not make what the original makes.
    """
    check_shapes(generator, spec)
    twin = float32_copy(generator)
    inputs = probe_inputs(spec)
    original, copied = (_images(network, inputs) for network in (generator, twin))
    low = any(layer.dtype_policy.name in LOW for layer in generator.layers)
    check_parity(original, copied, LOW_TOLERANCE if low else tolerance_of(generator, inputs), "The float32 copy")
    return twin, inputs, copied if low else original


def float32_copy(network):
    """A copy of a functional model that computes in float32, with the same weights and everything trainable.

    Raises:
        UserError: inside a strategy's scope.
    """
    if tf.distribute.has_strategy():
        step = "Call it after the `with strategy.scope():` block; a generator made in one is fine."
        raise checks.user_error("strategy", "left before exporting", tf.distribute.get_strategy(), step)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # for composite layers that leave their sublayers' type to the default
    try:
        copy = keras.models.clone_model(network, clone_function=_float32_clone, recursive=True)
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(network.get_weights())
    copy.trainable = False  # Keras passes a flag on to the layers only where it changes
    copy.trainable = True
    return copy


def tolerance_of(generator, inputs):
    """The pixel levels by which an export may differ: 1, or more where a generator repeats itself no better.

    One that draws noise of its own makes other images at each call; an export is then right that stays within a few
    times that difference, while wrong weights are further off.

    Args:
        generator: `keras.Model`.
        inputs: what `probe_inputs` gave.
    """
    first, second = (_images(generator, inputs) for _ in range(2))
    return max(1.0, 4.0 * pixels.LEVELS * float(abs(first - second).max()))


def check_shapes(generator, spec):
    """Raises a `UserError` where a generator's shapes are not those of its spec."""
    latents = (None, spec.latent_dim)
    entry = {"latents": latents, "labels": (None,)} if spec.num_classes else latents
    expected = entry, (None, spec.image_size, spec.image_size, spec.channels)
    received = keras.tree.map_structure(lambda entry: tuple(entry.shape), generator.input), generator.output_shape
    if received != expected:
        raise checks.user_error("generator", f"a model from {expected[0]} to {expected[1]}, as its spec says", received)


def _images(network, inputs):
    return keras.ops.convert_to_numpy(keras.ops.cast(call_generator(network, inputs), "float32"))


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
