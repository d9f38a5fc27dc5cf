import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.warmup import WARMUP_FILE, prediction_log


def parsed(content):
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    return logs.PredictionLog.FromString(content).predict_log.request


@pytest.mark.parametrize("kind", ["generator", "labels", "vae"])
def test_every_signature_is_warmed_up_by_a_request_that_it_answers(kind, saved_models):
    records = tf.data.TFRecordDataset(str(saved_models[kind] / WARMUP_FILE)).as_numpy_iterator()
    requests = [parsed(record) for record in records]
    signatures = tf.saved_model.load(str(saved_models[kind])).signatures
    assert sorted(request.model_spec.signature_name for request in requests) == sorted(signatures)
    for request in requests:
        assert request.model_spec.name == kind
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        outputs = signatures[request.model_spec.signature_name](**{k: tf.constant(v) for k, v in inputs.items()})
        assert all(len(value) == 1 for value in outputs.values())


def test_long_messages_have_lengths_of_several_bytes():
    value = np.arange(50_000, dtype=np.float32)
    request = parsed(prediction_log("n" * 200, "serve", {"latents": value, "num": np.int32(3)}))
    assert request.model_spec.name == "n" * 200
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["latents"]), value)
    assert tf.make_ndarray(request.inputs["num"]) == 3
