"""What a Keras user tries with a `GAN` or a `VAE`: it works, or one line says what to do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3), dtype=np.uint8)
SPEC = ModelSpec(image_size=8, channels=3, latent_dim=4)
FLOATS = {"batch_size": 4, "verbose": 0, "shuffle": False}


@keras.saving.register_keras_serializable("test_keras_api")
class Generator(keras.Model):
    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.dense = keras.layers.Dense(16 * width)
        self.norm = keras.layers.BatchNormalization()
        self.square = keras.layers.Reshape((4, 4, width))
        self.conv = keras.layers.Conv2DTranspose(3, 4, 2, padding="same", activation="tanh")

    def call(self, latents, training=False):
        return self.conv(self.square(self.norm(self.dense(latents), training=training)))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class Discriminator(keras.Model):
    """Not registered: a saved model needs `custom_objects`."""

    def __init__(self, heads=1, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.conv = keras.layers.Conv2D(4, 4, 2, activation="relu")
        self.flat = keras.layers.Flatten()
        self.logits = [keras.layers.Dense(1) for _ in range(heads)]

    def call(self, images):
        x = self.flat(self.conv(images))
        return [layer(x) for layer in self.logits]

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("test_keras_api")
class Encoder(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flat = keras.layers.Flatten()
        self.mean, self.log_variance = keras.layers.Dense(4), keras.layers.Dense(4)

    def call(self, images):
        x = self.flat(images)
        return self.mean(x), self.log_variance(x)


def make_gan(compiled=True, **arguments):
    keras.utils.set_random_seed(0)
    gan = GAN(Generator(5), Discriminator(2), spec=SPEC)
    if compiled:
        gan.compile(**arguments)
    return gan


def make_vae(compiled=True, **arguments):
    keras.utils.set_random_seed(0)
    vae = VAE(Encoder(), Generator(5), spec=SPEC)
    if compiled:
        vae.compile(**arguments)
    return vae


BOTH = pytest.mark.parametrize("make", [make_gan, make_vae])


def weights(model):
    return [np.array(value) for value in model.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@BOTH
def test_subclassed_networks_train_freeze_and_go_on_from_a_file(make, tmp_path):
    model = make()
    model.fit(IMAGES, **FLOATS)
    frozen, trained = list(model.roles.values())
    frozen.trainable = False
    before = weights(frozen), weights(trained)
    model.fit(IMAGES, **FLOATS)
    assert same(before[0], weights(frozen)) and not same(before[1], weights(trained))
    model.save(tmp_path / "model.keras")
    twin = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Discriminator": Discriminator})
    assert np.array_equal(twin.generate(3), model.generate(3)) and same(weights(twin), weights(model))
    for both in (model, twin):
        both.fit(IMAGES, **FLOATS)
    assert same(weights(twin), weights(model)) and twin.spec == model.spec


def test_averaged_generator_of_a_subclassed_one_follows_it():
    gan = make_gan(ema_halflife_kimg=0.0)
    start = gan.generate(2)
    gan.fit(IMAGES, **FLOATS)
    assert np.array_equal(gan.generate(2), gan.generate(2, average=False)) and not np.array_equal(
        gan.generate(2), start
    )
    assert gan.generator.layers[-1].width == gan.ema_generator.layers[-1].width == 5


def test_networks_that_tell_each_others_shapes_need_no_spec():
    encoder, decoder = make_vae().roles.values()
    assert VAE(Encoder(), decoder).spec.latent_dim == VAE(encoder, Generator()).spec.latent_dim == 4
    with pytest.raises(checks.UserError, match="`spec` must be given for a Generator, whose inputs are unknown"):
        VAE(Encoder(), Generator())


def test_sequential_networks_are_taken():
    layers = keras.layers
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(192, "tanh"), layers.Reshape((8, 8, 3))])
    gan = GAN(generator, keras.Sequential([layers.Flatten(), layers.Dense(1)]))
    gan.compile()
    gan.fit(IMAGES, **FLOATS)
    np.testing.assert_array_equal(generator(np.ones((1, 4))), gan.generator(np.ones((1, 4))))


def test_subclassed_networks_are_built_in_the_scope_of_a_strategy(two_cpus):
    with two_cpus.scope():
        gan = make_gan()
    gan.fit(IMAGES, **FLOATS)
    assert int(gan.step.numpy()) == 2 and np.isfinite(gan.get_weights()[0]).all()


@BOTH
def test_compile_refuses_losses_and_metrics_in_one_line(make):
    for arguments in ({"loss": "mse"}, {"metrics": ["mae"]}):
        with pytest.raises(checks.UserError, match=r"must be left out.*has its own: .*sets the loss"):
            make(**arguments)


@BOTH
def test_step_is_compiled_with_xla_where_that_is_wanted(make):
    model = make(jit_compile=True)
    model.fit(IMAGES, **FLOATS)
    assert int(model.step.numpy()) == 2 and all(np.isfinite(value).all() for value in weights(model))


@BOTH
def test_model_made_outside_of_a_scope_is_told_in_one_line(make, two_cpus):
    model = make(compiled=False)
    with two_cpus.scope(), pytest.raises(checks.UserError, match="made outside of this strategy's scope") as caught:
        model.compile()
    assert len(str(caught.value)) < 200


@BOTH
def test_callbacks_set_the_learning_rates(make):
    model = make()
    rates = [float(optimizer.learning_rate) for optimizer in model.list_optimizers()]
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
    history = model.fit(IMAGES, epochs=2, callbacks=[schedule], **FLOATS).history
    assert history["learning_rate"] == pytest.approx([rates[0] / 2, rates[0] / 4])
    monitor = "g_loss" if isinstance(model, GAN) else "loss"
    plateau = keras.callbacks.ReduceLROnPlateau(monitor, 0.1, patience=0, mode="min", min_delta=1e9)
    model.fit(IMAGES, epochs=2, callbacks=[plateau], **FLOATS)
    now = [float(optimizer.learning_rate) for optimizer in model.list_optimizers()]
    assert now == pytest.approx([rate / 40 for rate in rates])


def test_rates_of_a_gan_keep_their_ratio():
    gan = make_gan(g_optimizer=keras.optimizers.SGD(0.04), d_optimizer=keras.optimizers.SGD(0.01))
    gan.fit(IMAGES, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.02)], **FLOATS)
    assert [float(part.learning_rate) for part in gan.list_optimizers()] == pytest.approx([0.02, 0.005])


@BOTH
def test_optimizers_are_asked_of_the_model(make):
    bare = make(compiled=False)
    assert bare.list_optimizers() == [] and getattr(bare, "optimizer", None) is None
    model = make()
    expected = [model.g_optimizer, model.d_optimizer] if isinstance(model, GAN) else [model.optimizer]
    assert all(a is b for a, b in zip(model.list_optimizers(), expected, strict=True))


def test_optimizer_of_a_gan_is_set_by_compile_alone():
    with pytest.raises(
        checks.UserError, match=r"`optimizer` must be two, set by compile\(g_optimizer=, d_optimizer=\)"
    ):
        make_gan().optimizer = keras.optimizers.Adam()


@BOTH
def test_labels_beside_images_change_nothing_where_none_are_taken(make):
    results = []
    for beside in ((), (np.arange(8) if make is make_gan else IMAGES,)):
        model = make()
        model.fit(IMAGES, *beside, **FLOATS)
        results.append(weights(model))
    assert same(*results)
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
    with pytest.raises(checks.UserError, match="`y` must be left out beside a _BatchDataset.*yield"):
        model.fit(dataset, np.arange(8), verbose=0)


def with_sgd(model):
    """A model whose steps are as large as its gradients."""
    names = ("g_optimizer", "d_optimizer") if isinstance(model, GAN) else ("optimizer",)
    model.compile(**{name: keras.optimizers.SGD(0.01) for name in names})
    return model


@BOTH
def test_batches_of_image_dataset_from_directory_train_as_uint8_does(make, tmp_path):
    for number, image in enumerate(IMAGES):
        (tmp_path / "class").mkdir(exist_ok=True)
        (tmp_path / "class" / f"{number}.png").write_bytes(tf.io.encode_png(image).numpy())
    results = []
    for labels in ("int", None):
        loaded = keras.utils.image_dataset_from_directory(
            tmp_path, labels and "inferred", labels, image_size=(8, 8), batch_size=4, shuffle=False, verbose=False
        )
        assert (loaded.element_spec[0] if labels else loaded.element_spec).dtype == tf.float32
        model = with_sgd(make())
        model.fit(loaded, verbose=0)
        results.append(weights(model))
    model = with_sgd(make())
    model.fit(IMAGES, **FLOATS)
    for other in results:  # to rounding, which differs where memory is aligned in another way; Adam would make it large
        for a, b in zip(weights(model), other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@BOTH
def test_scaled_images_are_refused_before_training(make):
    model = make()
    scaled = IMAGES / np.float32(255)
    dataset = tf.data.Dataset.from_tensor_slices(scaled).batch(4)
    for images in (scaled, 2 * scaled - 1, dataset, (batch for batch in [scaled])):
        with pytest.raises(checks.UserError, match="`x` must be images with levels from 0 to 255.*Rescaling"):
            model.fit(images, verbose=0)
    with pytest.raises(checks.UserError, match="`validation_data` must be images with levels"):
        model.fit(IMAGES, validation_data=dataset, **FLOATS)
    assert int(model.step.numpy()) == 0


@BOTH
def test_other_file_formats_are_refused_before_a_file_is_there(make, tmp_path):
    with pytest.raises(checks.UserError, match='`filepath` must be a path that ends in ".keras"'):
        make().save(tmp_path / "g.h5")
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_weights_alone_make_the_round_trip(make, tmp_path):
    model, twin = make(), make()
    model.fit(IMAGES, **FLOATS)
    model.save_weights(tmp_path / "w.weights.h5")
    twin.load_weights(tmp_path / "w.weights.h5")
    assert same(weights(model), weights(twin)) and np.array_equal(model.generate(2), twin.generate(2))
    assert int(twin.step.numpy()) == 2


def test_summary_tells_the_two_generators_apart():
    lines = []
    make_gan().summary(print_fn=lines.append)
    assert [layer.name for layer in make_gan().layers][:3] == ["generator", "discriminator", "ema_generator"]
    assert "ema_generator" in "\n".join(lines)


@BOTH
def test_precision_set_after_a_fit_takes_effect(make):
    twins = make(), make()
    for model in twins:
        model.fit(IMAGES, **FLOATS)
    networks = twins[1].roles.values()
    for network in networks:
        for layer in network.layers[-1]._flatten_layers():
            layer.dtype_policy = "mixed_bfloat16"
    for model in twins:
        model.fit(IMAGES, **FLOATS)
    assert not same(weights(twins[0]), weights(twins[1]))


def test_old_name_of_the_annealing_works_with_a_warning():
    encoder, decoder = make_vae().roles.values()
    with pytest.warns(DeprecationWarning, match=r"VAE\(kl_warmup_kimg=\) is now called kl_annealing_kimg=") as caught:
        assert VAE(encoder, decoder, kl_warmup_kimg=2.0).kl_annealing_kimg == 2.0
    assert [warning.filename for warning in caught] == [__file__]
