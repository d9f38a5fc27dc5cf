"""What a server needs beside a versioned SavedModel: configurations of TF Serving, containers, clients, model card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.guards import most_images
from keras_transfer_gen.export.serving_clients import grpc_client, rest_client

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.specs import ModelSpec


MARK = "Written by `ktg export`"  # in the first line of each file: such a file may be replaced
CARD = "README.md"


def is_version(path: PathLike) -> bool:
    """Whether a folder has a name that TF Serving takes for a version: a whole number (bool)."""
    return re.fullmatch("[0-9]+", Path(path).name) is not None


def model_name(path: PathLike) -> str:
    """What TF Serving calls the model of a version folder: the name of the folder around it, in plain characters.

    Args:
        path: folder of the SavedModel.

    Example:
        >>> model_name("serving/my cats/3")
        'my_cats'
    """
    return re.sub("[^A-Za-z0-9_.-]+", "_", Path(path).absolute().parent.name) or "model"


def serving_files(spec: ModelSpec, path: PathLike, card: str) -> dict[str, str]:
    """The files beside a version folder: {name: text}.

    Args:
        spec: `ModelSpec` of the model.
        path: folder of the SavedModel, whose name is its version.
        card: text of the model card.
    """
    name, version, most = model_name(path), Path(path).name, most_images(spec)
    texts = {
        "models.config": _MODELS.format(name=name),
        "batching.config": _BATCHING.format(most=most),
        "Dockerfile": _DOCKERFILE.format(name=name, version=version),
        "compose.yaml": _COMPOSE.format(name=name),
        "client_rest.py": rest_client(name, spec),
        "client_grpc.py": grpc_client(name, spec),
    }
    marked = {key: f"# {MARK} for version {version} of {name}.\n{text}" for key, text in texts.items()}
    return {**marked, CARD: f"<!-- {MARK} for version {version} of {name}. -->\n{card}"}


def check_serving_files(path: PathLike) -> None:
    """Refuses, with a `UserFileError`, to write where a file of somebody else would be replaced.

    Args:
        path: folder of the SavedModel to write; its parent gets the files.
    """
    folder = Path(path).absolute().parent
    for name in ("models.config", "batching.config", "Dockerfile", "compose.yaml", *_CLIENTS, CARD):
        file = folder / name
        if file.is_dir() or (file.is_file() and MARK.encode() not in file.read_bytes()[:200]):
            step = (
                f"{file} would be replaced. Choose a folder for this model alone with path= or --out, such as cats/1."
            )
            raise checks.file_error("path", "a numbered folder in a folder of the model's own", path, step)


def write_serving_files(spec: ModelSpec, path: PathLike, card: str) -> None:
    """Writes the files of `serving_files` beside the version folder `path`."""
    for name, text in serving_files(spec, path, card).items():
        files.write_text(Path(path).absolute().parent / name, text)


_CLIENTS = ("client_rest.py", "client_grpc.py")
_MODELS = """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""
_BATCHING = """# For --batching_parameters_file and --enable_batching. It joins the rows of requests that come together.
# A server with it answers the signatures of rows alone; generate and generate_png take single numbers.
max_batch_size {{ value: {most} }}
batch_timeout_micros {{ value: 2000 }}
num_batch_threads {{ value: 2 }}
max_enqueued_batches {{ value: 100 }}
"""
_DOCKERFILE = """# docker build -t {name} . && docker run --rm -p 127.0.0.1:8500:8500 -p 127.0.0.1:8501:8501 {name}
FROM tensorflow/serving:latest
ARG VERSION={version}
COPY models.config batching.config /models/
COPY ${{VERSION}} /models/{name}/${{VERSION}}
CMD ["--model_config_file=/models/models.config"]
"""
_COMPOSE = """# docker compose up --build    gRPC on port 8500, REST on 8501, every signature
# docker compose --profile batched up --build    and a second server that joins requests, on 8510 and 8511
services:
  {name}:
    build: .
    ports: ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
  {name}-batched:
    profiles: ["batched"]
    build: .
    command:
      - --model_config_file=/models/models.config
      - --enable_batching
      - --batching_parameters_file=/models/batching.config
      - --enable_model_warmup=false
    ports: ["127.0.0.1:8510:8500", "127.0.0.1:8511:8501"]
"""
