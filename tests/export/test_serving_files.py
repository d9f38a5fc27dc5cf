import ast
import re

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.export.serving_files import (
    MARK,
    check_serving_files,
    is_version,
    model_name,
    serving_files,
    write_serving_files,
)
from tests.export.small_models import LABELS_SPEC, SPEC


def test_only_whole_numbers_are_versions():
    assert [is_version(name) for name in ("cats/1", "20260101", "cats", "1.5", "v1")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert model_name("serving/my cats!/3") == "my_cats_"


def test_configurations_name_the_model_and_its_version():
    texts = serving_files(SPEC, "serving/cats/7", "# Cats\n")
    assert all(MARK in text.splitlines()[0] for text in texts.values())
    assert texts["README.md"].endswith("# Cats\n")
    assert 'base_path: "/models/cats"' in texts["models.config"]
    assert "ARG VERSION=7\n" in texts["Dockerfile"] and "/models/cats/${VERSION}" in texts["Dockerfile"]
    assert "max_batch_size { value: 1024 }" in texts["batching.config"]
    assert "  cats-batched:\n" in texts["compose.yaml"]


def test_models_config_is_read_by_the_servers_own_messages():
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    from google.protobuf import text_format

    text = serving_files(SPEC, "serving/cats/7", "")["models.config"]
    (model,) = text_format.Parse(text, config.ModelServerConfig()).model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("cats", "/models/cats", "tensorflow")


@pytest.mark.parametrize("spec", [SPEC, LABELS_SPEC])
def test_clients_are_programs_that_know_the_inputs(spec):
    texts = serving_files(spec, "cats/1", "")
    for name in ("client_rest.py", "client_grpc.py"):
        tree = ast.parse(texts[name])
        (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        names = [argument.arg for argument in function.args.args]
        label = ["label"] if spec.num_classes else []
        assert names == ["num", "seed", "truncation", *label, "server"]
        assert f"truncation={spec.truncation:g}" in texts[name]


def test_own_files_are_replaced_and_those_of_others_are_kept(tmp_path):
    path = tmp_path / "cats" / "1"
    check_serving_files(path)
    write_serving_files(SPEC, path, "# Cats\n")
    check_serving_files(path)
    assert {file.name for file in path.parent.iterdir()} == set(serving_files(SPEC, path, ""))
    (path.parent / "Dockerfile").write_text("FROM mine\n")
    with pytest.raises(UserFileError, match=re.escape("Dockerfile would be replaced. Choose a folder for this model")):
        check_serving_files(path)
