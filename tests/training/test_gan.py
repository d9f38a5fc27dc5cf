import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, protocols
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP

IMAGES = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), dtype=np.uint8)


def make_gan(scope=contextlib.nullcontext, **compiled):
    keras.utils.set_random_seed(0)
    with scope():
        gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=8, min_channels=4))
    gan.compile(**compiled)
    return gan


@pytest.fixture(scope="module")
def refusing():
    """A compiled GAN for what is refused before anything of it changes."""
    return make_gan()


def sgd():
    return {name: keras.optimizers.SGD(0.05) for name in ("g_optimizer", "d_optimizer")}


def dataset(batch=8):
    return tf.data.Dataset.from_tensor_slices(IMAGES).batch(batch, drop_remainder=True)


def weights(gan):
    return [np.array(value) for value in gan.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_fit_moves_both_networks_and_counts():
    gan = make_gan(augment="diffaugment")
    before = weights(gan.generator), weights(gan.discriminator), weights(gan.ema_generator)
    history = gan.fit(dataset(), epochs=2, verbose=0)
    assert int(gan.step.numpy()) == 8 and gan.kimg == 0.064
    assert all(np.isfinite(values).all() for values in history.history.values())
    assert set(history.history) == {"d_loss", "g_loss", "penalty", "real_logits", "fake_logits"}
    for old, network in zip(before, (gan.generator, gan.discriminator, gan.ema_generator), strict=True):
        assert not same(old, weights(network))


def test_generate_gives_numbered_images_of_the_averaged_generator():
    gan = make_gan()
    images = gan.generate(5, seed=3)
    assert images.shape == (5, 32, 32, 3) and images.dtype == np.uint8
    assert np.array_equal(gan.generate(2, seed=3, start=3), images[3:])
    assert not np.array_equal(gan.generate(5, seed=4), images)
    assert not np.array_equal(gan.generate(5, seed=3, truncation=0.3), images)
    gan.generator.set_weights([2 * value for value in gan.generator.get_weights()])
    assert np.array_equal(gan.generate(5, seed=3), images)
    assert not np.array_equal(gan.generate(5, seed=3, average=False), images)


def test_one_step_equals_the_two_updates_by_hand():
    """Both gradients taken anew, without the step's shortcuts: the generator answers to the updated discriminator."""
    from keras_transfer_gen.pixels import to_model_range
    from keras_transfer_gen.training import latents

    gan = make_gan(penalty=R1(0.5, every=1), ema_rampup=None, **sgd())
    twin = make_gan(**sgd())
    twin.set_weights(gan.get_weights())
    gan.fit(dataset(), steps_per_epoch=1, verbose=0)
    real = to_model_range(IMAGES[:8])
    z = latents.sample_latents(8, 16, latents.step_seed(0, tf.constant(0, tf.int64), "latents"))
    fake = twin.generator(z, training=True)
    with tf.GradientTape() as tape, tf.GradientTape() as inner:
        inner.watch(real)
        answers = twin.discriminator(real)
        gradient = inner.gradient(tf.reduce_sum(answers), real)
        penalty = 0.25 * tf.reduce_mean(tf.reduce_sum(gradient**2, (1, 2, 3)))
        loss = (
            tf.reduce_mean(tf.nn.softplus(-answers))
            + tf.reduce_mean(tf.nn.softplus(twin.discriminator(fake)))
            + penalty
        )
    variables = twin.discriminator.trainable_variables
    for variable, grad in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.05 * grad)
    kernel = twin.generator.get_layer("to_image").kernel
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-twin.discriminator(twin.generator(z, training=True))))
    moved_kernel = kernel.numpy() - 0.05 * tape.gradient(loss, kernel).numpy()
    for weight, expected in zip(gan.discriminator.get_weights(), twin.discriminator.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=2e-5)
    np.testing.assert_allclose(gan.generator.get_layer("to_image").kernel, moved_kernel, atol=2e-5)


def test_lazy_penalty_is_due_on_every_kth_step_only():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.reset_metrics()

        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(logs["penalty"]))

    gan = make_gan(penalty=R1(1.0, every=3))
    gan.fit(dataset(), epochs=2, verbose=0, callbacks=[Watch()])
    assert [value > 0 for value in seen] == [True, False, False, True, False, False, True, False]


def test_frozen_weights_and_statistics_stay_bit_for_bit_and_the_others_move():
    gan = make_gan()
    gan.generator.get_layer("block_8").norm.trainable = False
    gan.generator.get_layer("block_8").conv.trainable = False
    gan.discriminator.get_layer("block_32").conv.trainable = False
    frozen = [
        gan.generator.get_layer("block_8").norm,
        gan.generator.get_layer("block_8").conv,
        gan.discriminator.get_layer("block_32"),
    ]
    before, moving = [weights(layer) for layer in frozen], weights(gan.generator.get_layer("block_16"))
    gan.fit(dataset(), verbose=0)
    assert all(same(old, weights(layer)) for old, layer in zip(before, frozen, strict=True))
    assert all(
        not np.array_equal(a, b) for a, b in zip(moving, weights(gan.generator.get_layer("block_16")), strict=True)
    )


def test_flags_changed_after_a_fit_take_effect_by_themselves():
    gan = make_gan()
    gan.fit(dataset(), verbose=0)
    layer = gan.generator.get_layer("to_image")
    layer.trainable = False
    before = weights(layer)
    gan.fit(dataset(), verbose=0)
    assert same(before, weights(layer))
    layer.trainable = True
    gan.fit(dataset(), verbose=0)
    assert not same(before, weights(layer))


def test_keras_itself_would_ignore_changed_flags():
    """The bug that `make_train_function` works around; once Keras retraces by itself, the workaround can go."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert not same(before, model.get_weights())


def test_frozen_discriminator_or_generator_as_a_whole_is_fine():
    gan = make_gan()
    for layer in gan.discriminator.layers:
        layer.trainable = False
    before = weights(gan.discriminator)
    gan.fit(dataset(), verbose=0)
    assert same(before, weights(gan.discriminator))


def test_saved_model_continues_with_the_same_weights(tmp_path):
    gan = make_gan(augment="diffaugment", penalty=R1(0.2, every=2), objective="hinge")
    gan.generator.get_layer("block_8").norm.trainable = False
    gan.fit(dataset(), verbose=0)
    gan.save(tmp_path / "gan.keras")
    twin = keras.models.load_model(tmp_path / "gan.keras")
    assert twin.spec == gan.spec and not twin.generator.get_layer("block_8").norm.trainable
    assert (twin.penalty.gamma, twin.augment.policy) == (0.2, gan.augment.policy)
    assert type(twin.objective) is type(gan.objective)
    assert same(weights(gan), weights(twin))
    gan.fit(dataset(), verbose=0)
    twin.fit(dataset(), verbose=0)
    assert same(weights(gan), weights(twin))
    assert same(gan.g_optimizer.variables, twin.g_optimizer.variables)


def test_model_that_is_not_compiled_is_saved_without_optimizers(tmp_path):
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=8, min_channels=4))
    gan.save(tmp_path / "gan.keras")
    twin = keras.models.load_model(tmp_path / "gan.keras")
    assert not twin.compiled and np.array_equal(twin.generate(2), gan.generate(2))


def test_stream_starts_at_the_step_that_the_model_has_reached():
    starts = []

    def from_step(step):
        starts.append(step)
        return dataset().repeat()

    stream = ImageStream(dataset(), from_step, 3, 8, None)
    gan = make_gan()
    gan.fit(stream, epochs=2, verbose=0)
    gan.fit(stream, verbose=0)
    assert starts == [0, 6] and int(gan.step.numpy()) == 9


@pytest.mark.parametrize("every", [1, 2])
def test_two_replicas_equal_one(two_cpus, every, monkeypatch):
    """With the same latents for every image; each replica normalises by its own batch, so the norms are frozen."""
    from keras_transfer_gen.training import latents

    monkeypatch.setattr(
        latents,
        "sample_latents",
        lambda batch, dim, seed, distribution: tf.ones((batch, dim)) * tf.range(1.0, dim + 1) / dim,
    )

    def run(scope):
        with scope():
            optimizers = sgd()
        gan = make_gan(scope, penalty=R1(0.5, every=every), **optimizers)
        for layer in gan.generator._flatten_layers():
            if type(layer).__name__ == "FusedBatchNormalization":
                layer.trainable = False
        history = gan.fit(dataset(16), epochs=2, verbose=0)
        return gan, history.history

    (single, logs), (mirrored, mirrored_logs) = run(contextlib.nullcontext), run(two_cpus.scope)
    assert mirrored.generator.variables[0].value.__class__.__name__ == "MirroredVariable"
    for a, b in zip(weights(single), weights(mirrored), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    for name, values in logs.items():
        np.testing.assert_allclose(values, mirrored_logs[name], atol=1e-4)
    assert mirrored.kimg == single.kimg == 0.064


def test_evaluate_reports_losses_without_an_update():
    gan = make_gan()
    before = weights(gan)
    losses = gan.evaluate(dataset(), verbose=0, return_dict=True)
    assert losses["d_loss"] > 0 and same(before, weights(gan))


def test_regularizer_is_attached_and_seen_in_both_phases():
    class Pull(protocols.Regularizer):
        def attach(self, gan):
            self.count = self.add_weight(shape=(), name="count", initializer="zeros", trainable=False)
            self.start = tf.constant(gan.generator.get_layer("to_image").kernel.numpy())

        def losses(self, step):
            kernel = step.gan.generator.get_layer("to_image").kernel
            return (
                {"g": 500 * tf.reduce_mean((kernel - self.start) ** 2)}
                if step.phase == "g"
                else {"d": tf.constant(0.0)}
            )

        def after_step(self, step):
            self.count.assign_add(1.0)

    free, pulled = make_gan(**sgd()), make_gan(regularizers=[Pull()], **sgd())
    start = pulled.generator.get_layer("to_image").kernel.numpy()
    for gan in (free, pulled):
        gan.fit(dataset(), epochs=2, verbose=0)
    moved = [np.abs(gan.generator.get_layer("to_image").kernel.numpy() - start).mean() for gan in (free, pulled)]
    assert moved[1] < moved[0] / 2
    assert float(pulled.regularizers[0].count) == 8


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"objective": "hing"}, "`objective` must be one of"),
        ({"objective": None}, "`objective` must be a loss"),
        ({"penalty": 3}, "`penalty` must be an object of class Penalty"),
        ({"augment": "cutmix"}, "`augment` must be one of"),
        ({"regularizers": ["l2"]}, "`regularizers` must be one of 'l2sp'.*Did you mean l2sp"),
        ({"regularizers": 3.0}, "`regularizers` must be an object of class Regularizer"),
        ({"g_optimizer": "adam"}, "`g_optimizer` must be a Keras optimizer"),
        (
            {"d_optimizer": keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=2)},
            "`d_optimizer` must be an optimizer without ema_overwrite_frequency.*frozen weights",
        ),
        (
            dict.fromkeys(("g_optimizer", "d_optimizer"), keras.optimizers.Adam()),
            "`d_optimizer` must be another object",
        ),
        ({"seed": -1}, "`seed` must be an integer"),
        ({"ema_halflife_kimg": -1}, "`ema_halflife_kimg` must be a number"),
    ],
)
def test_compile_refuses(refusing, arguments, text):
    with pytest.raises(checks.UserError, match=text):
        refusing.compile(**arguments)


def test_fit_refuses_images_of_another_shape_and_a_model_that_is_not_compiled():
    gan = make_gan()
    with pytest.raises(checks.UserError, match="`x` must be uint8 images"):
        gan.fit(IMAGES[:, :16], verbose=0)
    with pytest.raises(checks.UserError, match="`x` must be at least one image"):
        gan.fit(IMAGES[:0], verbose=0)
    with pytest.raises(checks.UserError, match="`x` must be at least one image"):
        gan.fit(dataset().take(0), verbose=0)
    bare = GAN(*build_dcgan(32, latent_dim=16, max_channels=8, min_channels=4))
    with pytest.raises(checks.UserError, match=r"not compiled. Call gan.compile"):
        bare.fit(dataset(), verbose=0)


def test_evaluate_asks_what_fit_asks():
    gan = make_gan()
    for wrong in (np.float32(IMAGES) / 255, IMAGES[:, :16], IMAGES[:0]):
        with pytest.raises(checks.UserError, match="`x` must be"):
            gan.evaluate(wrong, verbose=0)
        with pytest.raises(checks.UserError, match="`validation_data` must be"):
            gan.fit(dataset(), validation_data=wrong, verbose=0)
    of_array, of_dataset = gan.evaluate(IMAGES, batch_size=8, verbose=0), gan.evaluate(dataset(), verbose=0)
    assert np.allclose(of_array, of_dataset, atol=1e-5)


def test_batches_come_in_every_form_that_keras_knows():
    gan = make_gan()
    assert np.isfinite(gan.train_on_batch(IMAGES[:8])).all() and np.isfinite(gan.test_on_batch(IMAGES[:8])).all()
    gan.fit(tf.data.Dataset.from_tensor_slices((IMAGES,)).batch(8), verbose=0)
    assert int(gan.step.numpy()) == 5
    with_weights = (IMAGES, np.zeros(32, np.int32), np.ones(32, np.float32))
    gan.evaluate(tf.data.Dataset.from_tensor_slices(with_weights).batch(8), verbose=0)


def test_augmentation_is_float32_under_a_mixed_policy():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        gan = make_gan(augment="diffaugment")
        assert np.isfinite(gan.train_on_batch(IMAGES[:8])).all()
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_one_regularizer_stands_for_a_list_of_one():
    assert len(make_gan(regularizers=L2SP(1e-3)).regularizers) == 1 and make_gan(regularizers=None).regularizers == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"num": 0}, "`num` must be an integer of at least 1"),
        ({"num": 1, "seed": -2}, "`seed` must be"),
        ({"num": 1, "start": -1}, "`start` must be"),
        ({"num": 1, "truncation": 2}, "`truncation` must be at most 1"),
    ],
)
def test_generate_refuses(refusing, arguments, text):
    with pytest.raises(checks.UserError, match=text):
        refusing.generate(**arguments)


def test_export_of_keras_points_to_ours(refusing, tmp_path):
    with pytest.raises(checks.UserError, match=r"keras_transfer_gen.export_saved_model\(gan, path\)"):
        refusing.export(tmp_path / "model")


@pytest.mark.parametrize("arguments", [(), (None,), ("photos",), ([IMAGES],), ({"images": IMAGES},)])
def test_fit_without_images_says_what_it_takes(refusing, arguments):
    with pytest.raises(checks.UserError, match=r"`x` must be what load_images returns.*Received: x=.*load_images\("):
        refusing.fit(*arguments)


def test_fit_takes_tensors_and_generators_too():
    gan = make_gan(penalty=None)
    gan.fit(tf.constant(IMAGES), batch_size=16, verbose=0)
    gan.fit(((IMAGES[:8], np.zeros(8, np.int32)) for _ in range(2)), steps_per_epoch=2, shuffle=False, verbose=0)
    assert int(gan.step.numpy()) == 4


def test_compile_with_one_optimizer_asks_for_two(refusing):
    for optimizer in ("adam", keras.optimizers.Adam()):
        with pytest.raises(checks.UserError, match="`optimizer` must be left out.*g_optimizer=.*d_optimizer="):
            refusing.compile(optimizer=optimizer)


def test_fit_refuses_where_nothing_moves_and_trains_one_network_alone():
    gan = make_gan(penalty=None)
    gan.generator.trainable = False
    before = weights(gan.generator), weights(gan.discriminator)
    gan.fit(dataset(), steps_per_epoch=1, verbose=0)
    assert same(before[0], weights(gan.generator)) and not same(before[1], weights(gan.discriminator))
    gan.discriminator.trainable = False
    with pytest.raises(checks.UserError, match=r"every weight of the GAN is frozen.*freeze\(gan"):
        gan.fit(dataset(), verbose=0)
