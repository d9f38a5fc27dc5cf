import json

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import probe_latents
from keras_transfer_gen.recipes.models.export import export_saved_model, export_tflite
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan, load_generator, load_source
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.training.checkpoint import latest_checkpoint
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.generator_fixtures import CLASSES, LATENTS, folder_of, keras_generator

pytestmark = pytest.mark.usefixtures("small_discriminators")

REAL = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 3), np.uint8)


def test_gan_of_a_file_and_of_a_run_is_loaded_with_its_optimizers(source_file, finished):
    gan = load_gan(source_file)
    assert isinstance(gan, GAN) and gan.spec.licence == "CC0-1.0" and gan.kimg == 0
    run = load_gan(latest_checkpoint(RunFolder(finished.out).adapted))
    assert run.kimg == 0.04 and int(run.g_optimizer.iterations.numpy()) == 5
    assert load_gan(finished.out).kimg == json.loads(RunFolder(finished.out).metrics_file.read_text())["best_kimg"]
    assert load_source(source_file)[1] is False


def test_models_come_compiled_though_presets_are_saved_without_a_training():
    gan = load_gan("noto_gan_64")
    assert gan.compiled and gan.g_optimizer is not None and gan.penalty is not None
    assert load_gan(folder_of("plain")).compiled


def test_custom_objects_are_given_by_name(tmp_path):
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2.0 * x

    inputs = keras.Input((4,))
    images = keras.layers.Reshape((32, 32, 3))(keras.layers.Dense(3072)(inputs))
    model = keras.Model(inputs, keras.layers.Activation("tanh")(Doubled()(images)))
    model.save(tmp_path / "own.keras")
    with pytest.raises(checks.UserFileError, match="Keras says"):
        load_generator(tmp_path / "own.keras")
    for loader in (load_generator, load_gan):
        assert loader(tmp_path / "own.keras", custom_objects={"Doubled": Doubled})


def test_resolved_model_is_not_looked_for_again(source_file, vae_file):
    gan, vae = (ModelRef("keras", path, "", "called so") for path in (source_file, vae_file))
    assert load_gan(gan).spec.latent_dim == 16
    assert load_vae(vae).spec.family == open_model(vae).spec.family == "vae"
    with pytest.raises(checks.UserError, match="Received: source='called so'"):
        load_gan(vae)


def test_generator_of_a_gan_is_its_averaged_one_with_everything_free(finished):
    last = latest_checkpoint(RunFolder(finished.out).adapted)
    gan = load_gan(last)
    generator, spec = load_generator(last)
    z = probe_latents(spec.latent_dim)
    assert generator.name == "generator" and spec == gan.spec
    np.testing.assert_array_equal(generator(z), gan.ema_generator(z))
    assert not np.array_equal(generator(z), gan.generator(z))
    assert generator.get_layer("block_4").dense.trainable and not gan.generator.get_layer("block_4").dense.trainable


def test_exported_saved_model_brings_its_spec_and_gets_a_new_discriminator(finished):
    folder = RunFolder(finished.out).saved_model
    gan, is_new = load_source(folder)
    run = load_gan(finished.out)
    assert is_new and gan.spec == run.spec and gan.compiled
    z = probe_latents(16)
    np.testing.assert_allclose(gan.generator(z), run.ema_generator(z), atol=1e-5)
    assert "generator/block_8/conv/kernel" in {path for leaf in leaves(gan) for path in leaf.variable_paths()}


def test_gan_of_a_source_with_labels_learns_is_saved_exported_and_frozen_by_original_names(tmp_path):
    folder = folder_of("labelled")
    gan, is_new = load_source(folder)
    assert is_new and (gan.spec.num_classes, gan.spec.source) == (CLASSES, str(folder))
    freeze(gan, [("generator/mix/.*", False)])
    variables = gan.generator.get_layer("source").named_variables
    before = {name: variable.numpy() for name, variable in variables.items()}
    gan.fit(REAL, batch_size=4, epochs=1, verbose=0)
    moved = {name for name, variable in variables.items() if not np.array_equal(variable, before[name])}
    assert moved == {"generator/norm/gamma", "generator/norm/moving_mean", "generator/to_image/kernel"}
    gan.save(tmp_path / "gan.keras")
    again = load_gan(tmp_path / "gan.keras")
    assert np.array_equal(again.generate(4), gan.generate(4)) and again.spec == gan.spec
    assert [v.trainable for v in again.generator.variables] == [v.trainable for v in gan.generator.variables]
    export_saved_model(again, tmp_path / "export")
    export_tflite(again, tmp_path / "a.tflite")
    served, spec = load_generator(tmp_path / "export")
    inputs = {"latents": probe_latents(LATENTS, CLASSES), "labels": np.arange(CLASSES)}
    np.testing.assert_allclose(served(inputs), gan.ema_generator(inputs), atol=1e-5)
    assert spec == gan.spec


def test_bare_keras_generator_becomes_a_gan_that_is_saved_and_exported(tmp_path):
    keras_generator(sigmoid=True, labels=True).save(tmp_path / "bare.keras")
    gan, is_new = load_source(tmp_path / "bare.keras")
    assert is_new and gan.spec.num_classes == CLASSES
    gan.fit(REAL, batch_size=4, epochs=1, verbose=0)
    gan.save(tmp_path / "gan.keras")
    assert np.array_equal(load_gan(tmp_path / "gan.keras").generate(3), gan.generate(3))
    export_saved_model(gan, tmp_path / "export")


def test_saved_model_in_a_scope_is_mirrored(two_cpus):
    with two_cpus.scope():
        gan = load_gan(folder_of("labelled"))
    gan.fit(REAL, batch_size=4, epochs=1, verbose=0)
    (layer,) = [layer for layer in gan.generator.layers if isinstance(layer, SavedModelLayer)]
    copies = layer.named_variables["generator/norm/moving_mean"].value.values
    np.testing.assert_array_equal(copies[0], copies[1])


def test_overrides_replace_what_is_measured(source_file):
    spec = load_generator(folder_of("constant"), overrides=SpecOverrides(latent_distribution="uniform"))[1]
    assert spec.distribution == "uniform"
    with pytest.raises(checks.UserError, match="`latent_dim` must be 16 for"):
        load_gan(source_file, overrides=SpecOverrides(latent_dim=8))


def test_vae_is_refused_with_what_loads_it(vae_file):
    with pytest.raises(
        checks.UserError, match=r"It holds a VAE: load_vae\(...\) in Python; `ktg finetune` takes it as"
    ):
        load_gan(vae_file)


def test_model_of_another_class_is_refused(tmp_path):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "other.keras")
    with pytest.raises(checks.UserError, match="square images"):
        load_gan(tmp_path / "other.keras")
