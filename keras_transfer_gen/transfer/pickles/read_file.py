"""From a file of another program to the networks in it: recognised by content, read as data."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.pickles import limits, machine, nv, rosinality, tf1, torch_streams
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.network_file import NetworkFile
from keras_transfer_gen.transfer.pickles.records import Call

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.transfer.pickles.network_file import Network
    from keras_transfer_gen.transfer.pickles.torch_streams import Tensors


EXPECTED = "a StyleGAN2 pickle (.pkl) of PyTorch or TensorFlow 1, or a checkpoint (.pt) of rosinality"
NVIDIA = "stylegan2-ada-pytorch or stylegan3"
TENSORFLOW = "stylegan2 or stylegan2-ada (TensorFlow 1)"
ROSINALITY = "rosinality/stylegan2-pytorch"
_OTHERS = (  # how what is often saved instead begins, and what to do
    (b"version https://git-lfs", "It is a Git LFS pointer, not the file itself. Fetch it with `git lfs pull`."),
    (b"\x1f\x8b", "It is a gzip archive. Unpack it first."),
    (b"\x89HDF", "It is an HDF5 file, such as Keras' older ones."),
    (b"<", "It is a web page saved in place of the file. Download it again, with the page's own link to the file."),
)
_FAMILIES = (  # names of classes -> what the network is
    (b"SuperresGenerator", "StyleGAN-XL, which is built on StyleGAN3"),
    (b"ProjectedDiscriminator", "StyleGAN-XL, which is built on StyleGAN3, or a projected GAN"),
    (b"SynthesisInput", "StyleGAN3"),
)


def read_network_file(path: PathLike) -> NetworkFile:
    """The networks in a file. Nothing in it is run or imported, whatever it says.

    Args:
        path: of the file, str or `pathlib.Path`.

    Returns:
        `NetworkFile`; its arrays share the memory that the file is mapped to.

    Raises:
        UserError: where it is damaged, of another kind, or asks for what networks don't need.
        UserFileError: where it is missing or can't be read.
    """
    path = Path(path)
    with _as_file_error(path):
        with path.open("rb") as file:
            size = path.stat().st_size
            if not size:
                raise RefusedPickle("It is empty.")
            if size > limits.FILE:
                raise RefusedPickle(f"It has {size:,} bytes, more than networks have.")
            buffer = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            return _read(buffer)
        except RefusedPickle as error:
            family = next((name for word, name in _FAMILIES if _contains(buffer, word)), None)
            if family and "would import" in str(error):
                text = f"It is a network of {family}. Only networks of the configuration stylegan2 can be read."
                raise RefusedPickle(text) from error
            raise


def _read(buffer: Any) -> NetworkFile:
    head = bytes(buffer[:1024])
    for beginning, words in _OTHERS:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(beginning):
            raise RefusedPickle(words)
    if head[8:10] == b'{"':
        raise RefusedPickle("It is a safetensors file. Give the original .pkl or .pt.")
    if head[:4] == b"PK\x03\x04":
        return _of_rosinality(*torch_streams.parse_archive(buffer))
    if head[:1] != b"\x80":
        raise RefusedPickle("Its first bytes are those of none of these.")
    if torch_streams.is_stream(head):
        return _of_rosinality(*torch_streams.parse_stream(buffer))
    value: Any
    value, _ = machine.parse(buffer, 0, nv.NAMES | tf1.NAMES | torch_streams.TORCH_NAMES)
    if isinstance(value, dict) and any(key in value for key in nv.KEYS):
        return _file(NVIDIA, nv.read_networks(value))
    records: Any = value if isinstance(value, (tuple, list)) else (value,)
    if records and all(isinstance(part, Call) and part.name == tf1.NETWORK for part in records):
        return _file(TENSORFLOW, tf1.read_networks(records if len(records) == 3 else records[-1]))
    raise RefusedPickle("It holds no StyleGAN2 networks.")


def _of_rosinality(value: Any, tensors: Tensors) -> NetworkFile:
    if not isinstance(value, dict) or not any(key in value for key in rosinality.KEYS):
        raise RefusedPickle("It is a file of PyTorch without StyleGAN2 networks: no g_ema, g or d is in it.")
    return _file(ROSINALITY, rosinality.read_networks(value, tensors))


def _file(form: str, networks: dict[str, Network]) -> NetworkFile:
    if not networks:
        raise RefusedPickle("It holds no StyleGAN2 networks.")
    return NetworkFile(form, networks)


def _contains(buffer: Any, word: bytes) -> bool:
    return buffer.obj.find(word) >= 0


@contextlib.contextmanager
def _as_file_error(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        step = f"{error.strerror or error}."
        raise checks.file_error("source", "a file that can be read", path, step) from error
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # what a damaged file leads to is of many kinds; what is wanted is one line
        text = str(error) if isinstance(error, RefusedPickle) else "it is damaged: its parts don't fit each other"
        step = f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
        raise checks.user_error("source", EXPECTED, str(path), step) from error
