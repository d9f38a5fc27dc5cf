"""Models as TFLite (LiteRT) files for phones and browsers: one function, float32, builtin operators only."""

import re
from pathlib import Path

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.parity import ExportError, check_outputs
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.run_tflite import run_tflite_function

IDENTIFIER = b"TFL3"  # of a TFLite file, after four other bytes


class UnsupportedError(ExportError, checks.UserError):
    """A generator has operators that TFLite has not: no fault of anybody, but there is no such file."""


def write_tflite(servable, path, batch_size=1, part="sampler"):
    """Writes one function of a model as a TFLite file.

    It has one signature, `serving_default`, with the inputs and outputs of the function, and only builtin operators, so
    that it runs wherever LiteRT does.

    Args:
        servable: `Servable`, such as `generator_servable` or `vae_servable` return it.
        path: file to write, usually `*.tflite`; one that stands there is replaced. Nothing is written or replaced
            where anything fails.
        batch_size: images in one call, fixed in the file. An interpreter may resize the inputs of a sampler and a
            decoder, not that of an encoder: write another file for another number.
        part: one of `servable.parts`: "sampler", and of a VAE "encoder" or "decoder".

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserFileError: where `path` is a folder or a file of another kind, or can't be written.
        UserError: for a part that the model does not have, or a batch size below 1.
        ExportError: where the function needs other operators, or the file gives other images than the model, by more
            than one pixel level.

    Example:
        >>> import tempfile
        >>> from keras_transfer_gen.export.generator import generator_servable
        >>> from keras_transfer_gen.export.run_tflite import run_tflite
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
        >>> from keras_transfer_gen.specs import ModelSpec
        >>> spec = ModelSpec(image_size=32, channels=3, latent_dim=128)
        >>> servable = generator_servable(build_dcgan_generator(32, max_channels=32), spec)
        >>> file = write_tflite(servable, tempfile.mkdtemp() + "/cats.tflite")
        >>> run_tflite(file, tf.zeros((2, 128))).shape
        (2, 32, 32, 3)
    """
    path = Path(path)
    batch_size = checks.check_integer("batch_size", batch_size)
    step = "Only a VAE has other parts. Set it with part= or --part."
    function = servable.functions[servable.parts[checks.check_choice("part", part, servable.parts, step)]]
    check_file(path)
    content = convert(function.traced(batch_size), servable.variables)
    custom = [name for name in operators(content) if name.startswith("custom:")]
    if custom:
        raise ExportError(f"the TFLite file needs operators that are not built in: {', '.join(custom)}.")
    with files.atomic_path(path) as partial:
        partial.write_bytes(content)
        check_outputs(function, run_tflite_function(partial, function.examples), "The TFLite file")
    return path


def check_file(path):
    """Refuses, with a `UserFileError`, to write where a folder or a file that is no TFLite file stands."""
    if path.is_dir():
        raise checks.file_error("path", "a file, not a folder", path, "Such as cats.tflite with path= or --out.")
    if path.is_file():
        with open(path, "rb") as stream:
            begin = stream.read(8)
        if begin and begin[4:] != IDENTIFIER:
            hint = "Another kind of file stands there, and is kept. Choose another name with path= or --out."
            raise checks.file_error("path", "a new file, or a TFLite file to replace", path, hint)


def operators(content):
    """Names of the operators that a TFLite file needs, sorted; Flex and other custom ones as "custom:NAME".

    Args:
        content: the file as bytes.
    """
    model = schema.Model.GetRootAs(content, 0)
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    # Old files keep the number in an 8-bit field that says 127 where it has no room; the larger one is right.
    numbers = [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]
    return sorted(
        f"custom:{(code.CustomCode() or b'').decode()}" if names[number] == "CUSTOM" else names[number]
        for code, number in zip(codes, numbers, strict=True)
    )


def convert(function, variables):
    """The TFLite bytes of a function, with builtin operators alone.

    Args:
        function: `tf.function` with an input signature.
        variables: the `keras.Variable`s that it uses.

    Raises:
        UnsupportedError: where it needs other operators.
    """
    # The converter needs an object that owns the weights as bare `tf.Variable`s: given the Keras model itself, it makes
    # a file with uninitialised ones; given nothing, a file without a signature.
    owner = tf.train.Checkpoint(weights=[variable.value for variable in variables])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], owner)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with silent_stderr():
        try:
            return converter.convert()
        except Exception as error:  # the converter's own error class is private
            unsupported = re.findall(r"^(?:TF Select|Custom) ops: (.+)$", str(error), re.MULTILINE)
            reason = f"it needs {', '.join(unsupported)}" if unsupported else str(error)[:800]
            step = "Export a SavedModel (--format saved_model), which needs none of them."
            raise UnsupportedError(
                f"the generator can't be converted with TFLite's builtin operators: {reason}. {step}"
            ) from error
