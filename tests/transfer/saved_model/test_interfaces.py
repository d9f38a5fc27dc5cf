import tensorflow as tf

from keras_transfer_gen.transfer.saved_model.interfaces import interfaces, list_interfaces
from tests.saved_model_fixtures import folder_of
from tests.transfer.saved_model.measuring import Z


def test_interfaces_list_functions_and_signatures():
    rows = interfaces(tf.saved_model.load(str(folder_of("module"))))
    assert rows[0] == {
        "name": "__call__", "kind": "function", "mode": "training=False", "inputs": {"x": "float32 (None, 6)"},
        "outputs": {"": "float32 (None, 4)"},
    }  # fmt: skip
    assert {(row["name"], row["kind"], row["mode"]) for row in rows[1:]} == {
        ("__call__", "function", "training=True"), ("weight_loss", "function", ""),
        ("serving_default", "signature", ""),
    }  # fmt: skip


def test_function_and_its_signature_are_named_once(tmp_path):
    root = tf.Module()
    root.serve = tf.function(lambda z: tf.reduce_sum(z, 1), input_signature=[Z])
    other = tf.function(lambda x: {"y": x + 1}, input_signature=[tf.TensorSpec((None, 2), name="x")])
    signatures = {"serve": root.serve, "serving_default": root.serve, "other": other}
    tf.saved_model.save(root, str(tmp_path / "flat"), signatures=signatures)
    line = list_interfaces(tf.saved_model.load(str(tmp_path / "flat")))
    assert (
        line
        == "serve(z: float32 (None, 6)) -> (float32 (None,)); other(x: float32 (None, 2)) -> (y: float32 (None, 2))"
    )
