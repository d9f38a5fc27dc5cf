"""Layers that the networks share: fused batch normalisation, scale and shift alone, minibatch deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import ops

from keras_transfer_gen.replicas import count_replicas, replica_mean
from keras_transfer_gen.running_statistics import may_update_statistics
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape


@keras.saving.register_keras_serializable(PACKAGE)
class FusedBatchNormalization(keras.layers.Layer):
    """Batch normalisation over the last axis of NHWC tensors with TensorFlow's fused kernel.

    The kernel takes bfloat16 inputs with float32 scale, offset and statistics, and is faster in training than the
    composed `keras.layers.BatchNormalization`. A frozen layer (`trainable=False`) runs in inference mode and moves
    no statistics. Replicas normalise by the statistics of all their images together, but not within
    `running_statistics.keep_statistics`: a penalty's conditional can exchange nothing, so each takes its own.

    Args:
        momentum: share of the old moving statistics that each training call keeps, in [0, 1).
        epsilon: added to the variance; at least 1.001e-5, the kernel's own lower bound.

    Example:
        >>> FusedBatchNormalization()(keras.ops.ones((2, 4, 4, 8))).shape
        TensorShape([2, 4, 4, 8])

    Reference:
        Ioffe and Szegedy, Batch Normalization, 2015 (arXiv:1502.03167).
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape=shape, name="gamma", initializer="ones", autocast=False)
        self.beta = self.add_weight(shape=shape, name="beta", initializer="zeros", autocast=False)
        # "mean": what replicas store is the same on all of them.
        frozen = {"shape": shape, "trainable": False, "autocast": False, "aggregation": "mean"}
        self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", **frozen)
        self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", **frozen)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        shared = {"scale": self.gamma, "offset": self.beta, "epsilon": self.epsilon}
        if not (training and self.trainable):
            outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
                inputs, mean=self.moving_mean, variance=self.moving_variance, is_training=False, **shared
            )
            return outputs
        if count_replicas() > 1 and may_update_statistics():
            outputs, mean, variance = self._normalize_together(inputs)
        else:
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(inputs, is_training=True, **shared)
        if not may_update_statistics():
            return outputs
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * moving.value + (1.0 - self.momentum) * batch)
        return outputs

    def _normalize_together(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """(outputs, mean, variance as the kernel estimates it), of the images of all replicas."""
        x = tf.cast(inputs, tf.float32)
        mean = replica_mean(tf.reduce_mean(x, axis=(0, 1, 2)))
        variance = replica_mean(tf.reduce_mean(tf.square(x - mean), axis=(0, 1, 2)))
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        outputs = tf.nn.batch_normalization(x, mean, variance, beta, gamma, self.epsilon)
        count = tf.cast(tf.size(x) // x.shape[-1] * count_replicas(), tf.float32)
        return tf.cast(outputs, inputs.dtype), mean, variance * count / tf.maximum(count - 1.0, 1.0)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(PACKAGE)
class ChannelScale(keras.layers.Layer):
    """A scale and a shift for each channel, and no normalisation: no statistics, so training and use are the same.

    Example:
        >>> ChannelScale()(keras.ops.ones((2, 4, 4, 8))).shape
        TensorShape([2, 4, 4, 8])
    """

    def build(self, input_shape: Shape) -> None:
        self.gamma = self.add_weight(shape=(input_shape[-1],), name="gamma", initializer="ones")
        self.beta = self.add_weight(shape=(input_shape[-1],), name="beta", initializer="zeros")

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return inputs * self.gamma + self.beta

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)


@keras.saving.register_keras_serializable(PACKAGE)
class MinibatchDeviation(keras.layers.Layer):
    """Appends one channel: how much the images of a group differ from each other.

    It lets the discriminator see a generator that makes the same image again and again. The batch is cut into
    groups of `group_size` (the whole batch where that does not divide it); in float32.

    Args:
        group_size: images compared with each other.

    Reference:
        Karras et al., Progressive Growing of GANs, 2018 (arXiv:1710.10196), section 3.
    """

    def __init__(self, group_size: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group_size = group_size

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        shape = ops.shape(inputs)
        batch, (height, width, channels) = shape[0], inputs.shape[1:]
        group = tf.where(tf.equal(batch % self.group_size, 0), tf.minimum(self.group_size, batch), batch)
        grouped = ops.reshape(ops.cast(inputs, "float32"), (group, -1, height, width, channels))
        variance = ops.mean(ops.square(grouped - ops.mean(grouped, axis=0, keepdims=True)), axis=0)
        deviation = ops.mean(ops.sqrt(variance + 1e-8), axis=(1, 2, 3))  # one number a group
        column = ops.reshape(ops.tile(deviation, (group,)), (-1, 1, 1, 1))
        column = ops.cast(ops.tile(column, (1, height, width, 1)), inputs.dtype)
        return ops.concatenate([inputs, column], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "group_size": self.group_size}
