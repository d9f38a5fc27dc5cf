"""The clients, run against the test server."""

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.serving_clients import grpc_client, rest_client
from tests.export.serving_test_server import ServingTestServer
from tests.export.small_models import LABELS_SPEC, SPEC


@pytest.fixture(scope="module")
def servers(saved_models):
    return {kind: ServingTestServer(saved_models[kind], "cats") for kind in ("generator", "labels")}


def functions_of(program):
    """What a client program defines."""
    names = {"__name__": "client"}
    exec(compile(program, "client", "exec"), names)
    return names


def test_rest_client_gets_the_png_files_of_a_seed(servers):
    generate = functions_of(rest_client("cats", LABELS_SPEC))["generate_png"]
    with servers["labels"].rest() as address:
        files = generate(num=3, seed=5, label=1, server=address)
        images = servers["labels"].answer("generate", {"num": 3, "seed": 5, "truncation": 1.0, "label": 1})["images"]
        np.testing.assert_array_equal([tf.io.decode_png(file) for file in files], images)
        with pytest.raises(ValueError, match="label must be a class from 0 to 2"):
            generate(label=7, server=address)
    generate = functions_of(rest_client("cats", SPEC))["generate_png"]
    with servers["generator"].rest() as address:
        assert len(generate(num=2, server=address)) == 2
        with pytest.raises(ValueError, match="num must be from 1 to 1024"):
            generate(num=100_000, server=address)


def test_grpc_client_gets_the_images_of_a_seed(servers):
    pytest.importorskip("tensorflow_serving")
    import grpc

    for kind, spec in (("generator", SPEC), ("labels", LABELS_SPEC)):
        generate = functions_of(grpc_client("cats", spec))["generate"]
        label = {"label": 2} if spec.num_classes else {}
        with servers[kind].grpc() as address:
            images = generate(num=3, seed=5, truncation=0.5, server=address, **label)
            expected = servers[kind].answer("generate", {"num": 3, "seed": 5, "truncation": 0.5, **label})["images"]
            np.testing.assert_array_equal(images, expected)
            with pytest.raises(grpc.RpcError, match="seed must be a whole number from 0"):
                generate(seed=-1, server=address)
