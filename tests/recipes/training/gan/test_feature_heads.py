import dataclasses
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.heads import feature_heads
from keras_transfer_gen.networks.heads.feature_heads import feature_weight_of, has_feature_heads, heads_learn
from keras_transfer_gen.objectives.adversarial import NonSaturating
from keras_transfer_gen.objectives.penalties import squared_gradient
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.defaults import FAR
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan import feature_heads as module
from keras_transfer_gen.recipes.training.gan.feature_heads import (
    FAR_FEATURE_WEIGHT,
    NEAR_FEATURE_WEIGHT,
    add_feature_heads,
    add_heads_and_freeze,
    report_feature_weight,
    resolve_feature_weight,
    set_feature_heads,
)
from keras_transfer_gen.recipes.training.gan.models import model_from_scratch, model_from_source
from keras_transfer_gen.training.checkpoint import latest_checkpoint, save_model
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze


@pytest.fixture(autouse=True)
def small_heads(quick_scores, monkeypatch):
    """Feature heads that are there, unlike in other tests, and see small images."""
    monkeypatch.setattr(module, "set_feature_heads", set_feature_heads)
    monkeypatch.setattr(feature_heads, "LEAST_SIDE", 32)


@pytest.fixture
def gan():
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=16, min_channels=8))
    gan.compile(objective="hinge", augment="diffaugment", seed=5)
    return gan


@pytest.fixture
def settings(source_file, shared_image_folder, tmp_path):
    return FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path / "run", batch_size=4, kimg=0.016,
        precision="float32",
        r1_interval=2, compare_scratch=True,
    )  # fmt: skip


def test_gan_with_heads_makes_the_same_images_and_is_compiled_alike(gan):
    gan.ema_generator.set_weights([value + 0.1 for value in gan.ema_generator.get_weights()])
    gan.images_seen.assign(3000)
    before = gan.generate(4)
    aided = add_feature_heads(gan, width=4)
    np.testing.assert_array_equal(aided.generate(4), before)
    assert aided.kimg == 3.0 and aided.seed == 5 and type(aided.objective) is type(gan.objective)
    assert len(aided.discriminator.outputs) == 5


def test_heads_learn_alone_where_the_rest_is_frozen(gan, shared_image_folder, pooled_features):
    aided = add_feature_heads(gan, width=4)
    freeze(aided, {"generator/.*": True, "discriminator/feature_head_.*": True, "discriminator/.*": False})
    before = {v.path: v.numpy() for v in aided.discriminator.variables}
    aided.fit(load_images(shared_image_folder, image_size=32, batch_size=4), steps_per_epoch=3, verbose=0)
    moved = {v.path for v in aided.discriminator.variables if (v.numpy() != before[v.path]).any()}
    kernels = {path for path in before if "feature_head" in path and path.endswith("kernel")}
    assert kernels <= moved and all("feature_head" in path for path in moved)


def test_heads_teach_the_generator(gan):
    """The gradient of the generator's loss is that of the discriminator's own head, and the heads' times their
    weight."""
    images = tf.constant(np.random.default_rng(2).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32))

    def gradient(discriminator):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(NonSaturating().g_loss(None, discriminator(images)))
        return tape.gradient(loss, images).numpy()

    own = gradient(gan.discriminator)
    aided = add_feature_heads(gan, weight=1.0, width=4)
    heads = gradient(aided.discriminator) - own
    assert np.abs(heads).max() > 1e-3
    weaker = gradient(add_feature_heads(aided, weight=0.5).discriminator) - own
    np.testing.assert_allclose(weaker, 0.5 * heads, rtol=1e-2, atol=1e-4)


def test_penalty_is_that_of_the_discriminators_own_head(gan):
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    expected = squared_gradient(gan.discriminator, images)
    aided = add_feature_heads(gan, width=4)

    class Step:
        real = images

        @staticmethod
        def augment_real(sample_images):
            return sample_images

        real_inputs = augment_real

    Step.gan = aided
    found = aided.penalty.losses(Step)["d"]
    np.testing.assert_allclose(found, 0.5 * aided.penalty.gamma * expected, rtol=1e-5)
    assert np.all(squared_gradient(aided.discriminator, images) > expected)  # what it would be with all heads


def test_old_name_of_the_weight_works_with_a_warning(gan):
    with pytest.warns(DeprecationWarning, match=r"add_feature_heads\(influence=\) is now called weight="):
        assert feature_weight_of(add_feature_heads(gan, influence=0.2, width=4).discriminator) == 0.2


def test_regularizers_keep_their_starting_point(gan):
    """The distance from the source stays what it was; measured anew from where the weights are now it would be 0."""
    gan.compile(regularizers=["l2sp:weight=0.5,roles=generator"])
    gan.generator.set_weights([value + 0.1 for value in gan.generator.get_weights()])
    step = types.SimpleNamespace(phase="g")
    expected = float(gan.regularizers[0].losses(step)["g"])
    aided = add_feature_heads(gan, width=4)
    assert expected > 1
    np.testing.assert_allclose(aided.regularizers[0].losses(step)["g"], expected, rtol=1e-6)


def test_heads_are_saved_and_loaded_with_the_model(gan, tmp_path):
    aided = add_feature_heads(gan, width=4)
    save_model(aided, tmp_path / "gan.keras")
    loaded = load_gan(tmp_path / "gan.keras")
    images = np.random.default_rng(1).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    for found, expected in zip(loaded.discriminator(images), aided.discriminator(images), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_they_are_settled_as_wanted(gan):
    aided = set_feature_heads(gan, 0.05)
    assert has_feature_heads(aided.discriminator)
    assert set_feature_heads(aided, 0.05) is aided and set_feature_heads(gan, 0) is gan
    stronger = set_feature_heads(aided, 0.5).discriminator
    assert stronger.get_layer("trained_features").weight == 0.5 and len(stronger.outputs) == 5
    assert stronger.get_layer("feature_head_3") is aided.discriminator.get_layer("feature_head_3")
    plain = set_feature_heads(aided, 0)
    assert not has_feature_heads(plain.discriminator) and plain.compiled
    images = np.zeros((1, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(plain.discriminator(images), gan.discriminator(images))


def test_a_discriminator_that_is_held_still_gets_none(gan):
    freeze(gan, {"discriminator/.*": False})
    assert set_feature_heads(gan, 0.05) is gan


def test_heads_that_are_there_are_kept_and_count_otherwise(gan):
    aided = add_feature_heads(gan, weight=0.1, width=4)
    again = add_feature_heads(aided, weight=0.3)
    assert feature_weight_of(again.discriminator) == 0.3
    assert again.discriminator.get_layer("feature_head_0") is aided.discriminator.get_layer("feature_head_0")
    with pytest.raises(UserError, match="`weight` must be a number above 0.*Such as weight=0.05"):
        add_feature_heads(gan, weight=-1)
    assert not has_feature_heads(add_feature_heads(aided, weight=0).discriminator)
    with pytest.raises(UserError, match="`gan` must be a GAN.*load_gan"):
        add_feature_heads(gan.generator)


@pytest.mark.slow
def test_gan_of_a_strategy_gets_heads_outside_of_its_scope(two_cpus, pooled_features):
    with two_cpus.scope():
        gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=16, min_channels=8))
        gan.compile()
    aided = add_feature_heads(gan, width=4)
    aided.fit(np.zeros((8, 32, 32, 3), np.uint8), batch_size=4, verbose=0)
    assert int(aided.step.numpy()) == 2


def test_how_it_runs_is_kept(gan):
    gan.compile(steps_per_execution=2, run_eagerly=True)
    aided = add_feature_heads(gan, width=4)
    assert aided.steps_per_execution == 2 and aided.run_eagerly


@pytest.mark.parametrize(
    ("rules", "learn", "own"),
    [
        (("discriminator/logits.*=true", "discriminator/.*=false"), None, True),  # new heads would never learn
        (("discriminator/.*=false",), None, False),
        (("discriminator/feature_head_0.*=false",), True, True),
        (("discriminator/feature_head_.*=true", "discriminator/.*=false"), True, False),
    ],
)
def test_rules_hold_for_heads_from_the_start(settings, rules, learn, own):
    settings = dataclasses.replace(settings, freeze=rules)
    ready = add_heads_and_freeze(load_gan(settings.source), settings, SILENT).discriminator
    assert (heads_learn(ready) if has_feature_heads(ready) else None) == learn
    assert bool(ready.get_layer("logits").trainable_variables) == own


def test_user_is_told_where_heads_are_not_as_asked(settings):
    said = []

    class Reporter:
        @staticmethod
        def say(line):
            said.append(line)

    gan, asked = load_gan(settings.source), dataclasses.replace(settings, feature_weight=0.3)
    assert report_feature_weight(gan, asked, Reporter) == 0.0
    assert len(said) == 1 and said[0].startswith(
        "the feature heads have the weight 0, not 0.3: this discriminator can't"
    )
    assert report_feature_weight(add_feature_heads(gan, 0.3), asked, Reporter) == 0.3
    assert report_feature_weight(gan, settings, Reporter) == 0.0 and len(said) == 1


@pytest.mark.slow  # test_fine_tune.py has the same without heads; heads are saved, loaded and replicated above
@pytest.mark.usefixtures("deterministic")
def test_run_on_two_devices_that_is_interrupted_ends_with_the_same_bits(
    settings, tmp_path, scripted, everything_of, no_exports
):
    shared = {"compare_scratch": False, "devices": "cpu:0,cpu:1", "deterministic": True}
    settings = dataclasses.replace(settings, **shared)
    fine_tune(settings)
    parts = dataclasses.replace(settings, out=tmp_path / "parts")
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.008, label="adapting"))
    fine_tune(parts)
    whole, pieces = (everything_of(RunFolder(one.out).adapted) for one in (settings, parts))
    assert all(np.array_equal(a, b) for a, b in zip(whole, pieces, strict=True))
    assert has_feature_heads(load_gan(latest_checkpoint(RunFolder(parts.out).adapted)).discriminator)


@pytest.mark.parametrize(
    ("distance", "weight"), [(0.0, NEAR_FEATURE_WEIGHT), (FAR - 1, NEAR_FEATURE_WEIGHT), (FAR, FAR_FEATURE_WEIGHT)]
)
def test_weight_grows_with_the_distance_unless_it_is_given(settings, distance, weight):
    assert resolve_feature_weight(settings, distance) == weight
    assert resolve_feature_weight(dataclasses.replace(settings, feature_weight=0.0), distance) == 0.0
    assert resolve_feature_weight(settings, distance, blended=True) == FAR_FEATURE_WEIGHT


def test_negative_weight_is_refused(settings):
    with pytest.raises(UserError, match="`feature_weight` must be .*0 leaves the feature heads out"):
        dataclasses.replace(settings, feature_weight=-1.0)


@pytest.mark.parametrize("wanted", [None, 0.0])
def test_run_has_heads_where_they_are_wanted_and_scratch_has_none(settings, wanted, no_exports):
    settings = dataclasses.replace(settings, feature_weight=wanted, compare_scratch=wanted is None)
    fine_tune(settings)
    run = RunFolder(settings.out)
    adapted = load_gan(latest_checkpoint(run.adapted))
    weight = feature_weight_of(adapted.discriminator)
    assert weight in ((NEAR_FEATURE_WEIGHT, FAR_FEATURE_WEIGHT) if wanted is None else (0.0,))
    assert run.config()["resolved"]["feature_weight"] == weight
    assert ("Feature heads" in (run.path / "README.md").read_text("utf-8")) == (wanted is None)
    if settings.compare_scratch:
        assert not has_feature_heads(load_gan(latest_checkpoint(run.scratch)).discriminator)


def test_run_as_a_source_keeps_its_heads_and_scratch_beside_it_has_none(settings):
    source = add_feature_heads(load_gan(settings.source), width=4)
    head = source.discriminator.get_layer("feature_head_2").get_weights()
    scratch = model_from_scratch(source, settings)
    adapted = model_from_source(source, dataclasses.replace(settings, feature_weight=0.5))
    for found, expected in zip(adapted.discriminator.get_layer("feature_head_2").get_weights(), head, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert not has_feature_heads(scratch.discriminator)
    assert not has_feature_heads(
        model_from_source(source, dataclasses.replace(settings, feature_weight=0.0)).discriminator
    )


def test_new_heads_depend_on_the_seed_alone(settings):
    def head(seed):
        ready = add_heads_and_freeze(load_gan(settings.source), dataclasses.replace(settings, seed=seed), SILENT)
        return ready.discriminator.get_layer("feature_head_0").get_weights()[0]

    np.testing.assert_array_equal(head(0), head(0))
    assert (head(0) != head(1)).any()
