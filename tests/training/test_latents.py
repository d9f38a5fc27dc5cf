import numpy as np
import tensorflow as tf

from keras_transfer_gen.training import latents


def test_step_seed_differs_by_seed_step_and_purpose():
    seeds = [
        latents.step_seed(seed, tf.constant(step, tf.int64), purpose).numpy().tolist()
        for seed in (0, 1) for step in (0, 1, 2**33) for purpose in latents.PURPOSES
    ]  # fmt: skip
    assert len({tuple(seed) for seed in seeds}) == len(seeds)


def test_step_seed_is_the_same_in_a_graph():
    in_graph = tf.function(lambda step: latents.step_seed(3, step, "latents"))
    step = tf.constant(7, tf.int64)
    assert np.array_equal(in_graph(step), latents.step_seed(3, step, "latents"))


def test_step_seed_differs_by_replica(two_cpus):
    found = two_cpus.run(lambda: latents.step_seed(0, tf.constant(1, tf.int64), "latents"))
    first, second = two_cpus.experimental_local_results(found)
    assert not np.array_equal(first, second)


def test_sample_latents_is_standard_normal():
    z = latents.sample_latents(4000, 8, tf.constant([1, 2])).numpy()
    assert z.shape == (4000, 8) and z.dtype == np.float32
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02


def test_numbered_latents_depend_on_seed_and_number_alone():
    many = latents.numbered_latents(range(20), 16, seed=4)
    assert np.array_equal(latents.numbered_latents([7, 3], 16, seed=4), many[[7, 3]])
    assert not np.array_equal(latents.numbered_latents([7], 16, seed=5), many[[7]])
    assert len(np.unique(many[:, 0])) == 20


def test_numbered_latents_are_scaled_by_truncation():
    whole = latents.numbered_latents(range(3), 4)
    np.testing.assert_allclose(latents.numbered_latents(range(3), 4, truncation=0.5), 0.5 * whole)
