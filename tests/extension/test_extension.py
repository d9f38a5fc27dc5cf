"""Networks and methods from outside of the package: each is one file of methods/ that ends with `register_...`."""

import contextlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_transfer_gen as ktg
from keras_transfer_gen import tables
from keras_transfer_gen.recipes.models.new_discriminator import new_discriminator
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.training.checkpoint import latest_checkpoint

METHODS = Path(__file__).parent / "methods"
TABLES = (tables.ARCHITECTURES, tables.AUGMENTS, tables.METRICS, tables.PENALTIES, tables.REGULARIZERS)
SPEC = ktg.ModelSpec(image_size=28, channels=3, latent_dim=6, arch="tiny_family")
EVERYTHING = {
    "augment": "tint:strength=0.1",
    "penalty": ["r1:interval=2", "style_length:weight=0.5,interval=2"],
    "regularizers": ["source_colours:weight=2,interval=2"],
}


def load_method(name):
    """Runs a file of methods/ as a user's `import` would."""
    spec = importlib.util.spec_from_file_location(name, METHODS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def methods():
    """Registers every file for the tests of this module; the tables are as before afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for table in TABLES:
            patch.setattr(table, "_rows", dict(table._rows))
        yield {path.stem: load_method(path.stem) for path in sorted(METHODS.glob("*.py"))}


def images_of(side, count=16):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def make_gan(scope=contextlib.nullcontext, **compiled):
    keras.utils.set_random_seed(0)
    with scope():
        gan = ktg.GAN(*tables.architecture_of(SPEC).build(SPEC), spec=SPEC)
    gan.compile(**{**EVERYTHING, **compiled})
    return gan


def fit(gan, steps, images=None):
    images = images_of(28) if images is None else images
    data = tf.data.Dataset.from_tensor_slices(images).batch(8, drop_remainder=True).repeat()
    return gan.fit(data.take(steps), verbose=0).history


def weights(gan):
    return [value for role in (*gan.roles, "ema_generator") for value in getattr(gan, role).get_weights()]


def state(gan):
    """What the methods of this module measured: steps, running length, sureness."""
    return [float(part.weights[0]) for part in (gan.regularizers[0], gan.penalties[1], gan.augment)]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_every_file_registers_one_name(methods):
    names = {"conditional_toy", "tiny_family", "source_colours", "tint", "style_length", "contrast"}
    assert set(methods) == names == {name for table in TABLES for name in table} & names
    assert tables.AUGMENTS.helps()["tint"].startswith("Adds one random colour")


def test_methods_act_on_training_and_measure():
    gan = make_gan()
    history = fit(gan, 4)
    assert all(np.isfinite(values).all() for values in history.values()) and history["g_penalty"][0] > 0
    steps, length, sureness = state(gan)
    assert steps == 4 and length > 0 and sureness != 0


def test_regularizer_keeps_the_generator_near_its_source():
    """Images of one colour pull the generator away from what the source makes; the regulariser holds against it."""
    red = np.zeros((16, 28, 28, 3), np.uint8)
    red[..., 0] = 255
    adam = {"learning_rate": 5e-3, "beta_1": 0.0}
    changes = []
    for regularizers in ([], ["source_colours:weight=200,interval=2"]):
        gan = make_gan(
            regularizers=regularizers, penalty=None, augment=None,
            g_optimizer=keras.optimizers.Adam(**adam), d_optimizer=keras.optimizers.Adam(**adam),
        )  # fmt: skip
        before = gan.generate(32, average=False).mean(axis=(1, 2))
        fit(gan, 40, red)
        changes.append(np.abs(gan.generate(32, average=False).mean(axis=(1, 2)) - before).mean())
    assert changes[1] < 0.5 * changes[0]


@pytest.mark.slow
def test_saved_model_goes_on_with_the_same_bits_in_another_process(tmp_path):
    whole, part = make_gan(), make_gan()
    fit(whole, 4)
    fit(part, 2)
    part.save(tmp_path / "gan.keras")
    program = f"""
import importlib.util, runpy, sys
import numpy as np, tensorflow as tf
import keras_transfer_gen as ktg
for path in {[str(path) for path in sorted(METHODS.glob("*.py"))]}:
    spec = importlib.util.spec_from_file_location(path.split("/")[-1][:-3], path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
gan = ktg.load_gan(sys.argv[1])
images = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 3), np.uint8)
gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(8).repeat().take(2), verbose=0)
np.savez(sys.argv[2], *[value for role in (*gan.roles, "ema_generator") for value in getattr(gan, role).get_weights()])
"""
    command = [sys.executable, "-c", program, tmp_path / "gan.keras", tmp_path / "weights.npz"]
    subprocess.run(command, check=True, capture_output=True)
    with np.load(tmp_path / "weights.npz") as stored:
        resumed = [stored[name] for name in stored.files]
    assert len(resumed) == len(weights(whole))
    for one, other in zip(resumed, weights(whole), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    loaded = ktg.load_gan(tmp_path / "gan.keras")
    assert state(loaded) == state(part) and same(loaded.source.get_weights(), part.source.get_weights())


@pytest.mark.slow
def test_what_was_measured_and_the_source_survive_feature_heads_and_latent_selection(monkeypatch, pooled_features):
    from keras_transfer_gen.networks.heads import feature_heads

    monkeypatch.setattr(feature_heads, "LEAST_SIDE", 28)
    gan = make_gan(regularizers=[*EVERYTHING["regularizers"], "l2sp:weight=0.1"])
    source = gan.source.get_weights()
    fit(gan, 2)
    start = gan.regularizers[1].get_weights()
    aided = ktg.add_feature_heads(gan, width=4)
    assert state(aided) == state(gan) and same(aided.source.get_weights(), source)
    images = ktg.load_images(images_of(28), image_size=28, batch_size=8)
    selected = ktg.select_latents(aided, images, kimg=0.008, pool=20, keep=4)
    assert same(selected.source.get_weights(), source) and same(selected.regularizers[1].get_weights(), start)
    assert state(selected)[0] == 3  # the two before, and the one of the selection
    fit(selected, 1)
    assert state(selected)[0] == 4


def test_network_family_is_trained_adapted_and_rebuilt_by_its_own_entry(tmp_path, sample_images, quick_scores):
    shared = {"batch_size": 4, "precision": "float32", "evaluate_every_kimg": 0.016, "deterministic": True}
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(sample_images):
        (folder / f"{number:02}.png").write_bytes(tf.io.encode_png(image).numpy())
    source = tmp_path / "source"
    ktg.pretrain(ktg.PretrainSettings(
        data=folder, out=source, arch="tiny_family:width=6", image_size=28, kimg=0.016, augment="tint", **shared
    ))  # fmt: skip
    metrics = ktg.fine_tune(ktg.FineTuneSettings(
        data=folder, source=source, out=tmp_path / "run", kimg=0.024, freeze_d=1, compare_scratch=True, seed=1,
        latent_selection_kimg=0, regularizers=("source_colours:weight=2,interval=2",), augment="tint:strength=0.1",
        **shared,
    ))  # fmt: skip
    assert np.isfinite([metrics[name]["value"] for name in ("kid_before", "kid_after", "kid_scratch")]).all()
    run = RunFolder(tmp_path / "run")
    adapted, scratch = (ktg.load_gan(latest_checkpoint(folder)) for folder in (run.adapted, run.scratch))
    assert adapted.spec.arch == scratch.spec.arch == "tiny_family"
    assert adapted.generator.get_layer("grow").filters == scratch.generator.get_layer("grow").filters == 6
    assert type(adapted.regularizers[0]).__name__ == "SourceColours" and adapted.augment.strength == 0.1
    frozen = {layer.name for layer in adapted.discriminator.layers if layer.weights and not layer.trainable}
    assert frozen == {"look"}  # the block next to the image, as the entry says
    (start,) = {float(abs(a - b).max()) for a, b in zip(adapted.source.generator.get_weights()[:1],
                ktg.load_gan(source).ema_generator.get_weights()[:1], strict=True)}  # fmt: skip
    assert start == 0


def test_generator_without_a_discriminator_gets_one_of_its_own_family():
    discriminator = new_discriminator(SPEC, "tiny.keras")
    assert [layer.name for layer in discriminator.layers if layer.weights] == ["look", "think", "logits"]


def test_metric_stands_in_an_evaluation(sample_images, quick_scores):
    gan = make_gan()
    images = tf.image.resize(sample_images, (28, 28)).numpy().astype(np.uint8)
    measured = ktg.evaluate(gan, ktg.load_images(images, image_size=28), num=12)
    assert measured.extra["contrast"] == pytest.approx(measured.generated.std(axis=(1, 2, 3)).mean())
    assert "contrast" in str(measured)


def test_labels_reach_both_networks_and_are_learnt():
    """Images of one colour a class: the discriminator learns which goes with which, and the generator obeys."""
    keras.utils.set_random_seed(0)
    spec = ktg.ModelSpec(image_size=8, channels=3, latent_dim=4, num_classes=3, arch="conditional_toy")
    gan = ktg.GAN(*tables.architecture_of(spec).build(spec, {"features": 32}), spec=spec)
    labels = np.arange(48) % 3
    images = np.full((48, 8, 8, 3), 40, np.uint8)
    images[np.arange(48), :, :, labels] = 220
    adam = {"learning_rate": 4e-3, "beta_1": 0.0, "beta_2": 0.99}
    gan.compile(
        penalty=["r1:interval=4", "style_length:weight=0.01"], ema_halflife_kimg=0.2,
        g_optimizer=keras.optimizers.Adam(**adam), d_optimizer=keras.optimizers.Adam(**adam),
    )  # fmt: skip
    gan.fit(tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(48, seed=0).batch(24).repeat(100), verbose=0)
    for label in range(3):
        drawn = gan.generate(20, seed=1, label=label).mean(axis=(1, 2))
        assert (drawn.argmax(axis=1) == label).mean() > 0.7 and drawn.mean(axis=0).argmax() == label
    real = tf.constant(images / np.float32(127.5) - 1)
    right, wrong = (gan.discriminator({"images": real, "labels": tf.constant((labels + k) % 3)}) for k in (0, 1))
    assert (np.asarray(right) > np.asarray(wrong)).mean() > 0.9
    inputs = {"latents": tf.zeros((3, 4)), "labels": tf.range(3)}
    assert np.asarray(gan(inputs)).mean(axis=(1, 2)).argmax(axis=1).tolist() == [0, 1, 2]
