"""Models as TFLite (LiteRT) files for phones and browsers: one function, builtin operators only, and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.parity import ExportError, check_fidelity, check_outputs, fidelity, structural_similarity
from keras_transfer_gen.export.quantization import (
    CALIBRATION_ROWS,
    CALIBRATION_SEED,
    CHOOSES,
    LEAST_PSNR,
    LEAST_SSIM,
    PROBE_ROWS,
    PROBE_SEED,
    QUANTIZATIONS,
    LayerSelection,
    example_rows,
    expected_outputs,
)
from keras_transfer_gen.export.run_tflite import run_tflite_function
from keras_transfer_gen.export.tflite_convert import convert, make_converter
from keras_transfer_gen.export.tflite_metadata import IDENTIFIER, add_metadata, metadata_of

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable


class ImpreciseError(ExportError, checks.UserError):
    """A file of low precision is too far from the model: no fault of anybody, but there is no such file."""


def write_tflite(
    servable: Servable, path: PathLike, batch_size: int = 1, part: str = "sampler", quantize: str = "none"
) -> Path:
    """Writes one function of a model as a TFLite file.

    It has one signature, `serving_default`, with the inputs and outputs of the function, float32 and int32 whatever the
    quantization, and only builtin operators, so that it runs wherever LiteRT does. `read_tflite_metadata` reads what it
    says of itself.

    Args:
        servable: `Servable`, such as `generator_servable` or `vae_servable` return it.
        path: file to write, usually `*.tflite`; one that stands there is replaced. Nothing is written or replaced
            where anything fails.
        batch_size: images in one call, fixed in the file. An interpreter may resize the inputs of a sampler and a
            decoder, not that of an encoder: write another file for another number.
        part: one of `servable.parts`: "sampler", and of a VAE "encoder" or "decoder".
        quantize: one of `QUANTIZATIONS`. An int8 file whose images have a PSNR below 30 dB or an SSIM below 0.995
            computes its last layers in float32, as many as it takes, with weights in int8; the metadata names them.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserFileError: where `path` is a folder or a file of another kind, or can't be written.
        UserError: for a part or a quantization that there is not, or a batch size below 1.
        ExportError: where the function needs other operators, or the file gives other images than the model: by more
            than one pixel level in float32; `ImpreciseError` where it does so by more than four levels in float16, or
            with a PSNR below 30 dB otherwise.

    Example:
        >>> import tempfile
        >>> import tensorflow as tf
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
    name = servable.function_of_part(part)
    checks.check_choice("quantize", quantize, QUANTIZATIONS, "Set it with quantize= or --quantize.")
    check_file(path)
    with files.atomic_path(path) as partial:
        _Conversion(servable, name, quantize, batch_size).write(partial)
    return path


class _Conversion:
    """The conversion of one function: first all of it, then with layers in float32 where that is not exact enough."""

    def __init__(self, servable: Servable, name: str, quantize: str, batch_size: int) -> None:
        self.spec, self.function, self.name = servable.spec, servable.functions[name], name
        self.quantize, self.rule, self.batch_size = quantize, QUANTIZATIONS[quantize], batch_size
        self.traced = self.function.traced(batch_size)
        rows = max(CALIBRATION_ROWS, batch_size)
        self.rows = example_rows(servable, name, rows, CALIBRATION_SEED) if self.rule.calibrates else {}
        self.variables = servable.variables
        self.probes = example_rows(servable, name, PROBE_ROWS, PROBE_SEED) if self.rule.optimizes else {}
        self.expected = expected_outputs(servable, name, self.probes) if self.rule.optimizes else {}

    def write(self, path: Path) -> None:
        """Writes the file, and raises an `ExportError` where it is not exact enough."""
        self._put(path, convert(self._converter(), self.traced), ())
        what = f"The TFLite file ({self.quantize})"
        if self.rule.keeps_layers and (self._chooses() or not self._is_near(path)):
            self._keep_layers(path)
        try:
            if self.rule.levels is None:
                check_fidelity(self.expected, run_tflite_function(path, self.probes), LEAST_PSNR, what)
            else:
                what = "The TFLite file" if not self.rule.optimizes else what
                check_outputs(self.function, run_tflite_function(path, self.function.examples), what, self.rule.levels)
        except ExportError as error:
            if not self.rule.optimizes:
                raise
            raise ImpreciseError(f"{error} {self.rule.instead}") from error

    def _keep_layers(self, path: Path) -> None:
        """Lets the last layers compute in float32, as many as it takes until the images are good enough."""
        names = [spec.name for spec in self.function.inputs]
        try:
            selection = LayerSelection(self._converter(), self.rows, names, self.batch_size)
        except RuntimeError:  # they can't be listed, so the file stays as it is, and is refused
            return
        # From the output on: before a last activation that saturates, numbers are so large that steps of int8 miss
        # what lies between, and errors of the last layers are seen as they are.
        for count in range(0 if self._chooses() else 1, len(selection.layers) + 1):
            self._put(path, selection.convert(count), selection.names(count))
            if self._is_near(path):
                return

    def _chooses(self) -> bool:
        """Whether the function chooses between centres of latents."""
        return any(CHOOSES in variable.path for variable in self.variables)

    def _converter(self) -> Any:
        return make_converter(self.traced, self.variables, self.rule, self.rows, self.batch_size)

    def _is_near(self, path: Path) -> bool:
        outputs = run_tflite_function(path, self.probes)
        similarity = structural_similarity(self.expected, outputs)
        return fidelity(self.expected, outputs) >= LEAST_PSNR and similarity >= LEAST_SSIM

    def _put(self, path: Path, content: bytes, float_layers: Sequence[str]) -> None:
        path.write_bytes(add_metadata(content, metadata_of(self.spec, self.name, self.quantize, float_layers)))


def check_file(path: Path) -> None:
    """Refuses, with a `UserFileError`, to write where a folder or a file that is no TFLite file stands."""
    if path.is_dir():
        raise checks.file_error("path", "a file, not a folder", path, "Such as cats.tflite with path= or --out.")
    if path.is_file():
        with open(path, "rb") as stream:
            begin = stream.read(8)
        if begin and begin[4:] != IDENTIFIER:
            hint = "Another kind of file stands there, and is kept. Choose another name with path= or --out."
            raise checks.file_error("path", "a new file, or a TFLite file to replace", path, hint)
