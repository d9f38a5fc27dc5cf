import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import replicas
from tests import replica_trainings


def results(strategy, function):
    return [part.numpy() for part in strategy.experimental_local_results(strategy.run(tf.function(function)))]


def test_alone_a_replica_has_all_rows_and_its_own_mean():
    assert replicas.count_replicas() == 1 and replicas.replica_number() == 0
    assert replicas.own_rows(tf.range(3)).numpy().tolist() == [0, 1, 2]
    assert float(replicas.replica_mean(tf.constant(3.0))) == 3.0


def test_two_replicas_take_turns_and_share_means(two_cpus):
    rows = results(two_cpus, lambda: replicas.own_rows(tf.range(6)))
    assert [part.tolist() for part in rows] == [[0, 2, 4], [1, 3, 5]]
    means = results(two_cpus, lambda: replicas.replica_mean(tf.cast(replicas.replica_number(), tf.float32)))
    assert [float(mean) for mean in means] == [0.5, 0.5]


def test_gradients_flow_through_the_mean_of_replicas(two_cpus):
    """The square of the mean of x and 3 x: its derivative by x is 2 * 2 x * 2, half of it by each replica's share."""

    def gradient():
        x = tf.constant(5.0)
        factor = 1.0 + 2.0 * tf.cast(replicas.replica_number(), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            share = replicas.replica_mean(factor * x) ** 2 / replicas.count_replicas()
        return tape.gradient(share, x)

    assert sum(float(part) for part in results(two_cpus, gradient)) == pytest.approx(2 * 2 * 5.0 * 2)


def test_batches_are_dealt_out_in_turn(two_cpus):
    data = tf.data.Dataset.from_tensor_slices((np.arange(9), np.arange(9) * 10)).batch(6)
    assert replicas.take_turns(data, 1) is data
    batches = [(a.tolist(), b.tolist()) for a, b in replicas.take_turns(data, 3).as_numpy_iterator()]
    assert batches == [([0, 3, 1, 4, 2, 5], [0, 30, 10, 40, 20, 50]), ([6, 7, 8], [60, 70, 80])]
    shares = two_cpus.experimental_distribute_dataset(replicas.take_turns(tf.data.Dataset.range(4).batch(4), 2))
    assert [part.numpy().tolist() for part in two_cpus.experimental_local_results(next(iter(shares)))] == [
        [0, 2], [1, 3],
    ]  # fmt: skip


@pytest.mark.parametrize("name", [
    "gan_with_ada", "vae", *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("stylegan2", "gan_with_r1", "gan_with_diffaugment", "gan_with_heads")
    ),
])  # fmt: skip
def test_two_replicas_give_the_weights_and_logs_of_one(name, two_cpus):
    """20 steps of 2 x 16 and of 1 x 32 images: norms, groups of images, penalty, average, augmentation, latents."""
    one = replica_trainings.train(name, tf.distribute.get_strategy())
    two = replica_trainings.train(name, two_cpus)
    weights, logs = replica_trainings.largest_difference(one, two)
    assert weights < 1e-5 and logs < 1e-5
    start = replica_trainings.weights_before(name), one[1]
    assert replica_trainings.largest_difference(one, start)[0] > 0.01  # the training did something


@pytest.mark.gpu
@pytest.mark.parametrize("name", list(replica_trainings.MODELS))
def test_mirrored_gpus_give_the_weights_of_one(name):
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    if len(gpus) < 2:
        pytest.skip("needs two GPUs")
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        one = replica_trainings.train(name, tf.distribute.OneDeviceStrategy(gpus[0]))
        two = replica_trainings.train(name, tf.distribute.MirroredStrategy(gpus[:2]))
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
    weights, logs = replica_trainings.largest_difference(one, two)
    assert weights < 1e-4 and logs < 1e-3
