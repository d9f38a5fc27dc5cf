"""A file of another program's StyleGAN2 networks as a `GAN`: read as data, loaded strictly, its terms carried on."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.networks.stylegan2.from_tensors import discriminator_shape, generator_shape
from keras_transfer_gen.networks.stylegan2.missing_parts import draw_noise, measure_average
from keras_transfer_gen.networks.stylegan2.official import DISCRIMINATOR, GENERATOR, load_official
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_discriminator, build_stylegan2_generator
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.pickles.licences import licence_of
from keras_transfer_gen.transfer.pickles.read_file import TENSORFLOW, read_network_file
from keras_transfer_gen.transfer.pickles.rosinality import AVERAGE, NOISE
from keras_transfer_gen.transfer.provenance import name_of, note_source

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
    from keras_transfer_gen.transfer.pickles.network_file import Network, NetworkFile


ARCH = "stylegan2"
AVERAGE_NAME = "mapping.w_avg"
_SAID: set[str] = set()  # paths of the files whose terms were printed


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What was loaded from a file, by the official names.

    Args:
        loaded: dict of "G_ema", "G", "D" -> number of arrays that were copied.
        initialised: names that the file lacks and that were drawn or measured instead.
        notes: sentences about them.
    """

    loaded: dict[str, int]
    initialised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        """One line for a person."""
        parts = [f"{key} {count}" for key, count in self.loaded.items()]
        rest = f", {len(self.initialised)} initialised anew" if self.initialised else ", none missing"
        return " ".join([f"Arrays copied: {', '.join(parts)}{rest}.", *self.notes])


def open_network_file(path: PathLike, name: str) -> tuple[GAN | tuple[keras.Model, ModelSpec], LoadReport]:
    """The GAN in a file, or its generator where it holds no discriminator.

    Args:
        path: `pathlib.Path` of the file.
        name: what the user calls it.

    Returns:
        (model, `LoadReport`): a `GAN`, not compiled, or (generator, `ModelSpec`). A licence of known origin, or that it
        is unknown, is printed to stderr once a process.

    Raises:
        UserError: for a file of another kind or a damaged one, another kind of networks, and where a network lacks
            arrays.
        UserFileError: where the file is missing.
    """
    file = read_network_file(path)
    with checks.named(source="source"):
        model, report, spec = _build(file, Path(path))
    del file  # the mapped file goes before optimizers need memory
    note_source(model if isinstance(model, GAN) else model[0], name_of(name))
    if str(path) not in _SAID:
        _SAID.add(str(path))
        print(f"{name_of(name)}: licence: {spec.licence}. {report.line()}", file=sys.stderr)
    return model, report


def spec_of_file(shape: GeneratorShape, file: NetworkFile, path: Path) -> ModelSpec:
    """`ModelSpec` of a generator of a file.

    Args:
        shape: `GeneratorShape`.
        file: `NetworkFile`.
        path: `pathlib.Path` of the file.
    """
    digest = files.sha256_file(path)
    return ModelSpec(
        image_size=shape.image_size, channels=shape.channels, latent_dim=shape.latent_dim,
        num_classes=shape.num_classes, arch=ARCH, licence=licence_of(path.name, file.form == TENSORFLOW),
        source=f"Read from {path.name} (SHA-256 {digest}), which {file.form} wrote.",
    )  # fmt: skip


def _build(file: NetworkFile, path: Path) -> tuple[GAN | tuple[keras.Model, ModelSpec], LoadReport, ModelSpec]:
    """(`GAN` or (generator, spec), `LoadReport`, `ModelSpec`) of a `NetworkFile`."""
    networks = file.networks
    averaged = networks.get("G_ema") or networks.get("G")
    if averaged is None:
        raise checks.user_error("source", "a file with a generator", list(networks), "It holds a discriminator alone.")
    shape = generator_shape(averaged.arrays, averaged.attributes)
    spec = spec_of_file(shape, file, path)
    trained = networks.get("G") or averaged
    notes = list(averaged.notes)
    if "G" not in networks or "G_ema" not in networks:
        notes.append("The file has one generator: it is used for training and as the average.")
    generator = build_stylegan2_generator(shape)
    if "D" not in networks:
        loaded, missing = _load(GENERATOR, generator, averaged)
        report = LoadReport({"G_ema": loaded}, tuple(missing), tuple(notes))
        return (generator, spec), report, spec
    judge = networks["D"]
    discriminator = build_stylegan2_discriminator(discriminator_shape(judge.arrays, judge.attributes))
    counts = {"G": _load(GENERATOR, generator, trained)[0]}
    gan = GAN(generator, discriminator, spec=spec)
    counts["G_ema"], missing = _load(GENERATOR, gan.ema_generator, averaged)
    counts["D"], _ = _load(DISCRIMINATOR, discriminator, judge)
    return gan, LoadReport(counts, tuple(missing), tuple(notes)), spec


def _load(role: str, network: keras.Model, source: Network) -> tuple[int, list[str]]:
    """Copies the arrays of a `Network`: (count, names that were initialised instead)."""
    loaded, missing, unused = load_official(role, network, source.arrays)
    allowed = {name for name in missing if name.endswith("noise_const") and NOISE in source.notes}
    allowed |= {AVERAGE_NAME} if AVERAGE in source.notes else set()
    lacking = [name for name in missing if name not in allowed]
    unused = [name for name in unused if not name.endswith("resample_filter")]
    if unused:
        step = f"It also has {', '.join(unused[:5])}{', ...' if len(unused) > 5 else ''}: it is another network."
        raise checks.user_error("source", f"a file with the arrays of the {role} alone", f"{len(unused)} others", step)
    if lacking:
        more = ", ..." if len(lacking) > 5 else ""
        step = f"It lacks {', '.join(lacking[:5])}{more}. Get the file from its source again."
        raise checks.user_error("source", f"a file with every array of the {role}", f"{len(lacking)} missing", step)
    if AVERAGE_NAME in missing:
        measure_average(network)
    draw_noise(network, missing)
    return len(loaded), missing
