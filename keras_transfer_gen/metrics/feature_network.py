"""EfficientNet-Lite0 as a Keras model that turns images into 1,280 features each."""

import functools

import keras
import tensorflow as tf
from keras import layers

from keras_transfer_gen import checks
from keras_transfer_gen.efficientnet_lite import LITE0, MEAN, SCALE, KerasLayers, stage_outputs
from keras_transfer_gen.shipped_weights import read_shipped_weights
from keras_transfer_gen.version import PACKAGE

FEATURE_NETWORK = LITE0.name
INPUT_SIZE = 224  # the side in pixels that the network was trained at
FEATURES = 1280


@keras.saving.register_keras_serializable(PACKAGE)
class ResizeBilinear(layers.Layer):
    """`[batch, H, W, C]` of any size -> `[batch, side, side, C]`, bilinear, antialiased.

    Antialiasing changes nothing where images are enlarged, and resizing without it is five times faster: so it is left
    out where the sizes are known and allow it.

    Args:
        side: height and width of the result, in pixels.

    Example:
        >>> ResizeBilinear(8)(keras.ops.ones((2, 4, 4, 3))).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(self, side, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def call(self, images):
        grows = all(size is not None and size <= self.side for size in images.shape[1:3])
        return tf.image.resize(images, (self.side, self.side), method="bilinear", antialias=not grows)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.side, self.side, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "side": self.side}


def build_efficientnet_lite0(side=INPUT_SIZE):
    """The feature network, its weights zero; `load_feature_network` loads the trained ones.

    It computes in float32 under any global policy: scores that were rounded differently can't be compared.

    Args:
        side: images are resized to this height and width (pixels) inside the network; at least 32.

    Returns:
        A frozen functional `keras.Model`: RGB `[batch, H, W, 3]`, 0..255, uint8 or float, any size -> float32
        `[batch, 1280]`.

    Raises:
        UserError: where `side` is not an integer of at least 32.

    Example:
        >>> build_efficientnet_lite0(side=32).output_shape
        (None, 1280)
    """
    checks.check_backend()
    side = checks.check_integer("side", side, least=32)
    compute = KerasLayers()
    image = keras.Input((None, None, 3), dtype="float32", name="image")
    x = ResizeBilinear(side, dtype="float32", name="resize")(image)
    x = layers.Rescaling(1 / SCALE, -MEAN / SCALE, dtype="float32", name="normalise")(x)
    x = compute.convolve(stage_outputs(x, LITE0, compute)[-1], "head", FEATURES)
    pooled = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(x)
    model = keras.Model(image, pooled, name=f"{FEATURE_NETWORK}_{side}")
    model.trainable = False
    return model


@functools.lru_cache(maxsize=4)
def load_feature_network(name=FEATURE_NETWORK, side=INPUT_SIZE):
    """The feature network with its trained weights; a second call returns the same object.

    Args:
        name: "efficientnet_lite0", the only one that is installed.
        side: the side that images are resized to (pixels). Scores at different sides can't be compared.

    Returns:
        `keras.Model` as in `build_efficientnet_lite0`, named `NAME_SIDE`.

    Raises:
        UserError: for an unknown name or a bad side.
        UserFileError: where the weights are missing or broken.

    Example:
        >>> load_feature_network().name
        'efficientnet_lite0_224'
    """
    checks.check_choice("name", name, (FEATURE_NETWORK,))
    model = build_efficientnet_lite0(side)
    load_weights(model, read_shipped_weights(name))
    return model


def load_weights(model, arrays):
    """Assigns `arrays` ("LAYER/kernel", "LAYER/bias") to the model's variables; names and shapes must be the same.

    Raises:
        UserFileError: where names or shapes differ.
    """
    variables = {}
    for layer in model.layers:
        for variable in layer.weights:
            variables[f"{layer.name}/{variable.name}"] = variable
    missing, unexpected = sorted(variables.keys() - arrays.keys()), sorted(arrays.keys() - variables.keys())
    reshaped = [key for key in variables.keys() & arrays.keys() if tuple(variables[key].shape) != arrays[key].shape]
    if missing or unexpected or reshaped:
        differences = f"missing {missing[:3]}, unexpected {unexpected[:3]}, other shapes {sorted(reshaped)[:3]}"
        hint = "Install keras_transfer_gen again."
        raise checks.file_error("weights", f"those of {model.name}", differences, hint)
    for key, variable in variables.items():
        variable.assign(arrays[key])
