import dataclasses

import numpy as np
import tensorflow as tf

from keras_transfer_gen.network_inputs import NetworkInput, NetworkInputs
from keras_transfer_gen.specs import ModelSpec
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


def test_latents_follow_the_law_that_is_asked_for():
    z = latents.sample_latents(4000, 8, tf.constant([1, 2]), "uniform").numpy()
    assert np.abs(z).max() <= 1 and abs(z.std() - 1 / np.sqrt(3)) < 0.01
    sphere = latents.numbered_latents(range(5), 16, distribution="sphere")
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 4.0, rtol=1e-5)


def test_labels_are_uniform_and_numbered():
    drawn = latents.numbered_labels(range(2000), 4, seed=1)
    assert (np.abs(np.bincount(drawn, minlength=4) - 500) < 80).all()
    assert np.array_equal(latents.numbered_labels([7, 3], 4, 1), drawn[[7, 3]])
    assert not np.array_equal(latents.numbered_labels(range(20), 4, seed=2), drawn[:20])
    assert not latents.numbered_labels(range(5), 0).any()


def test_inputs_of_a_step_are_latents_and_uniform_labels():
    spec = ModelSpec(image_size=32, channels=3, latent_dim=3)
    step = tf.constant(7, tf.int64)
    seed = latents.step_seed(5, step, "latents")
    alone = latents.draw_inputs(6, NetworkInputs.of(spec), 5, step)
    assert list(alone) == ["latents"] and np.array_equal(alone["latents"], latents.sample_latents(6, 3, seed))
    inputs = NetworkInputs.of(dataclasses.replace(spec, num_classes=5))
    both = latents.draw_inputs(4000, inputs, 5, step)
    assert np.array_equal(both["latents"], latents.sample_latents(4000, 3, seed))
    labels = both["labels"].numpy()
    assert labels.dtype == np.int32 and (np.abs(np.bincount(labels, minlength=5) - 800) < 110).all()
    assert not np.array_equal(latents.draw_inputs(4000, inputs, 5, step + 1)["labels"], labels)


def test_labels_follow_the_shares_of_the_classes():
    shares = (0.6, 0.0, 0.3, 0.1)
    drawn = latents.numbered_labels(range(2000), 4, 1, shares)
    assert (np.abs(np.bincount(drawn, minlength=4) / 2000 - shares) < 0.04).all() and 1 not in drawn
    assert np.array_equal(latents.numbered_labels([7, 3], 4, 1, shares), drawn[[7, 3]])
    spec = ModelSpec(image_size=32, channels=3, latent_dim=3, num_classes=4, class_shares=shares)
    labels = latents.draw_inputs(4000, NetworkInputs.of(spec), 5, tf.constant(7, tf.int64))["labels"].numpy()
    assert labels.dtype == np.int32 and (np.abs(np.bincount(labels, minlength=4) / 4000 - shares) < 0.03).all()
    classes = latents.numbered_classes(range(9), spec, 1)
    assert np.array_equal(classes, drawn[:9]) and latents.numbered_classes(range(3), spec, 1, 2).tolist() == [2, 2, 2]
    assert latents.numbered_classes(range(3), ModelSpec(image_size=32, channels=3, latent_dim=3)) is None


ADDED = (
    NetworkInput("angle", distribution="uniform"), NetworkInput("map", (2, 3), "normal"),
    NetworkInput("other", (6,), "normal"), NetworkInput("style", classes=4), NetworkInput("scale", value=0.7),
)  # fmt: skip


def added_inputs():
    spec = ModelSpec(image_size=1, channels=1, latent_dim=2)
    return spec, NetworkInputs.of(spec, ("latents", "angle", "map", "other", "style", "scale"), None, ADDED)


def test_what_an_architecture_adds_is_drawn_as_it_says():
    _, inputs = added_inputs()
    step = tf.constant(0, tf.int64)
    values = {name: value.numpy() for name, value in latents.draw_inputs(500, inputs, 1, step).items()}
    numbered = latents.numbered_inputs(range(500), inputs, 1)
    for each in (values, numbered):
        assert each["angle"].shape == (500,) and np.abs(each["angle"]).max() <= 1 and each["angle"].std() > 0.4
        assert each["map"].shape == (500, 2, 3) and abs(each["map"].std() - 1) < 0.1
        assert not np.array_equal(each["map"].reshape(500, 6), each["other"])
        assert set(each["style"]) == {0, 1, 2, 3} and np.issubdtype(each["style"].dtype, np.integer)
        assert (each["scale"] == np.float32(0.7)).all()
    again = latents.numbered_inputs([7, 3], inputs, 1)
    assert all(np.array_equal(again[name], numbered[name][[7, 3]]) for name in numbered)


def test_an_input_for_truncation_takes_the_factor_and_latents_stay():
    spec = ModelSpec(image_size=32, channels=3, latent_dim=4)
    entry = NetworkInput("truncation", value=1.0)
    inputs = NetworkInputs.of(spec, ("latents", "truncation"), None, (entry,))
    values = latents.numbered_inputs(range(3), inputs, 1, truncation=0.5)
    np.testing.assert_array_equal(values["latents"], latents.numbered_latents(range(3), 4, 1))
    assert values["truncation"].tolist() == [0.5, 0.5, 0.5]


def test_images_are_rendered_of_everything_that_was_drawn():
    spec, inputs = added_inputs()
    shapes = {}

    def function(values):
        shapes.update({name: (value.shape, value.dtype.kind) for name, value in values.items()})
        return (values["style"] / np.float32(2) - 1)[:, None, None, None]

    images = latents.render_numbered(function, range(40), spec, seed=2, inputs=inputs)
    assert (
        shapes["map"] == ((32, 2, 3), "f") and shapes["style"] == ((32,), "i") and shapes["latents"] == ((32, 2), "f")
    )
    assert np.array_equal(images[:, 0, 0, 0], np.round(latents.numbered_inputs(range(40), inputs, 2)["style"] * 63.75))


def test_images_depend_on_seed_and_number_alone_labels_included():
    spec = ModelSpec(image_size=1, channels=3, latent_dim=3, num_classes=200)
    seen = []

    def function(inputs):
        seen.append(inputs)
        return inputs["latents"][:, None, None] * 0 + inputs["labels"][:, None, None, None] / np.float32(100) - 1

    made = latents.render_numbered(function, range(9), spec, seed=3)
    assert np.array_equal(latents.render_numbered(function, [5, 2], spec, seed=3), made[[5, 2]])
    levels = np.round(127.5 * latents.numbered_labels(range(9), 200, 3) / 100)
    assert made.shape == (9, 1, 1, 3) and np.abs(made[:, 0, 0, 0] - levels).max() <= 1
    assert np.array_equal(seen[0]["latents"][:9], latents.numbered_latents(range(9), 3, 3))


def test_images_of_one_class_have_the_same_latents():
    spec = ModelSpec(image_size=1, channels=1, latent_dim=3, num_classes=200)
    seen = []

    def function(inputs):
        seen.append(inputs)
        return inputs["labels"][:, None, None, None] / np.float32(100) - 1

    made = latents.render_numbered(function, range(4), spec, seed=3, label=199)
    assert (made == 254).all() and (seen[0]["labels"][:4] == 199).all() and seen[0]["labels"].dtype == np.int64
    assert np.array_equal(seen[0]["latents"][:4], latents.numbered_latents(range(4), 3, 3))


def test_posterior_latents_have_its_mean_and_variance_and_let_gradients_through():
    mean, log_var = tf.constant([[1.0, -2.0]] * 20000), tf.constant([[0.0, 2.0]] * 20000)
    noise = latents.sample_latents(20000, 2, latents.step_seed(0, tf.constant(0, tf.int64), "latents"))
    with tf.GradientTape() as tape:
        tape.watch(log_var)
        z = latents.posterior_latents(mean, log_var, noise)
    np.testing.assert_allclose(np.mean(z, axis=0), [1, -2], atol=0.08)
    np.testing.assert_allclose(np.var(z, axis=0), np.exp([0, 2]), rtol=0.05)
    np.testing.assert_allclose(tape.gradient(z, log_var), 0.5 * (z - mean), rtol=1e-4, atol=1e-6)
