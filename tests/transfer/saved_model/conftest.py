import pytest
import tensorflow as tf


@pytest.fixture
def module(tmp_path):
    """Function: saves a function as the call of a SavedModel, and returns what is loaded of it."""

    def save_and_load(function, *specs):
        root = tf.Module()
        root.__call__ = tf.function(function, input_signature=specs)
        tf.saved_model.save(root, str(tmp_path / "model"))
        return tf.saved_model.load(str(tmp_path / "model"))

    return save_and_load
