"""What a TFLite file says of itself: latents, range, classes, licence, as JSON in a metadata buffer of the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.specs import ModelSpec


IDENTIFIER = b"TFL3"  # of a TFLite file, after four other bytes
NAME = "keras_transfer_gen"  # of the metadata buffer


def metadata_of(spec: ModelSpec, function: str, quantize: str, float_layers: Sequence[str] = ()) -> dict[str, Any]:
    """The metadata of one exported function, ready for JSON.

    Args:
        spec: `ModelSpec` of the model.
        function: name of the function, such as "serve".
        quantize: name of the quantization.
        float_layers: layers that compute in float32 though the file is int8.
    """
    fields = spec.to_dict()
    return {
        "function": function,
        "latents": {"size": spec.latent_dim, "distribution": spec.distribution, "truncation": spec.truncation},
        "images": {"size": spec.image_size, "channels": spec.channels, "range": [-1.0, 1.0]},
        "labels": {"count": spec.num_classes, "class_names": list(fields.get("class_names") or ())},
        "licence": spec.licence,
        "source": spec.source,
        "quantize": quantize,
        "float_layers": list(float_layers),
        "spec": fields,
    }


def add_metadata(content: bytes, metadata: dict[str, Any]) -> bytes:
    """The bytes of a TFLite file with metadata, in place of earlier ones of this package.

    Args:
        content: the file as bytes.
        metadata: what JSON can hold.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(json.dumps(metadata, ensure_ascii=False).encode(), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = NAME, len(model.buffers)
    model.buffers.append(buffer)
    kept = [other for other in model.metadata or [] if other.name not in (NAME, NAME.encode())]
    model.metadata = [*kept, entry]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def read_tflite_metadata(path: PathLike) -> dict[str, Any]:
    """The metadata of a TFLite file that `write_tflite` wrote.

    Args:
        path: the .tflite file.

    Returns:
        dict; see `metadata_of`.

    Raises:
        UserFileError: where there is no such file, or it has no such metadata.
    """
    path = Path(path)
    if not path.is_file():
        raise checks.file_error("path", "an existing TFLite file", path)
    content = path.read_bytes()
    if content[4:8] == IDENTIFIER:
        model = schema.Model.GetRootAs(content, 0)
        for entry in map(model.Metadata, range(model.MetadataLength())):
            if entry.Name() == NAME.encode():
                return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    step = "Write one with `ktg export MODEL --format tflite`."
    raise checks.file_error("path", "a TFLite file that keras_transfer_gen exported", path, step)
