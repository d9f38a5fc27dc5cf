import dataclasses
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.latents.latent_mixture import NAME, draws_from_mixture
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.gan import latent_selection
from keras_transfer_gen.recipes.training.gan.models import model_from_source
from keras_transfer_gen.training.checkpoint import latest_checkpoint
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.paths import leaves

pytestmark = pytest.mark.usefixtures("quick_scores")

BATCH, STEPS, ALONE = 4, 10, 2


@pytest.fixture
def near(monkeypatch):
    """Lets every target count as near."""
    monkeypatch.setattr(latent_selection, "FARTHEST", float("inf"))


@pytest.fixture
def settings(source_file, shared_image_folder, tmp_path):
    return FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path / "run", batch_size=BATCH, kimg=STEPS * BATCH / 1000,
        precision="float32", deterministic=True, r1_interval=3, latent_selection_kimg=ALONE * BATCH / 1000, freeze_d=1,
    )  # fmt: skip


def weights_by_path(model):
    pairs = [pair for leaf in leaves(model) for pair in zip(leaf.variable_paths(), leaf.variables, strict=True)]
    return {path: variable.numpy() for path, variable in pairs}


def test_it_is_due_for_near_images_once_where_it_is_asked_for(settings, near, monkeypatch):
    gan = model_from_source(load_gan(settings.source), settings)
    monkeypatch.setattr(latent_selection, "FARTHEST", 60.0)
    assert latent_selection.is_due(gan, settings, 59.9) and not latent_selection.is_due(gan, settings, 60.1)
    assert not latent_selection.is_due(gan, dataclasses.replace(settings, latent_selection_kimg=0.0), 10.0)


def test_the_discriminator_learns_alone_for_at_most_a_fifth(settings, near):
    gan = model_from_source(load_gan(settings.source), settings)
    phase = latent_selection.selection_phase(SimpleNamespace(resolved=settings))
    phase.before(SimpleNamespace(model=gan))
    assert phase.kimg == pytest.approx(0.008) and gan.generator.trainable_variables == []
    longer = SimpleNamespace(resolved=dataclasses.replace(settings, latent_selection_kimg=5.0))
    assert latent_selection.selection_phase(longer).kimg == pytest.approx(0.2 * 0.04)


@pytest.mark.usefixtures("deterministic")
def test_run_ends_with_a_mixture_and_with_the_statistics_of_the_source(settings, near):
    before = weights_by_path(load_gan(settings.source).ema_generator)
    fine_tune(settings)
    gan = load_gan(latest_checkpoint(RunFolder(settings.out).adapted))
    assert draws_from_mixture(gan.generator) and draws_from_mixture(gan.ema_generator)
    assert gan.generator.get_layer(NAME).components == 6
    assert gan.kimg == pytest.approx(STEPS * BATCH / 1000)
    after = weights_by_path(gan.generator)
    assert set(after) - set(before) == {f"{NAME}/centres", f"{NAME}/directions"}
    moved = {path for path in before if (before[path] != after[path]).any()}
    assert moved == {path for path in before if "moving_" not in path}
    assert not any(v.trainable for v in gan.discriminator.layers[1].variables)  # --freeze-d holds on


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic", "no_exports")
def test_run_interrupted_before_and_after_the_choice_ends_with_the_same_bits(
    settings, near, tmp_path, scripted, everything_of
):
    fine_tune(settings)
    expected = everything_of(RunFolder(settings.out).adapted)
    broken = dataclasses.replace(settings, out=str(tmp_path / "broken"))
    with pytest.raises(checks.Interrupted):
        fine_tune(broken, scripted(at=BATCH / 1000, label="selecting latents", number=signal.SIGTERM))
    with pytest.raises(checks.Interrupted):
        fine_tune(broken, scripted(at=5 * BATCH / 1000, label="adapting", number=signal.SIGTERM))
    fine_tune(broken)
    found = everything_of(RunFolder(broken.out).adapted)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_in_python_it_gives_a_gan_to_be_fitted_on(source_file, near):
    gan = load_gan(source_file)
    size, channels = gan.spec.image_size, gan.spec.channels
    images = load_images(np.full((8, size, size, channels), 200, np.uint8), size, channels, batch_size=4)
    gan.compile(objective="hinge", seed=5)
    before = weights_by_path(gan.ema_generator)
    limited = latent_selection.select_latents(gan, images, kimg=0.008, pool=20, keep=4)
    assert limited.generator.get_layer(NAME).components == 4 and limited.kimg == pytest.approx(0.008)
    assert limited.seed == 5 and type(limited.objective).__name__ == "Hinge"
    after = weights_by_path(limited.generator)
    assert all((before[path] == after[path]).all() for path in before)
    limited.fit(images, steps_per_epoch=2, verbose=0)
    with pytest.raises(checks.UserError, match="`gan` must be one that draws from all of its latents"):
        latent_selection.select_latents(limited, images)
    moved = {path for path in before if (before[path] != weights_by_path(limited.generator)[path]).any()}
    assert moved == {path for path in before if "moving_" not in path}


def test_in_python_mistakes_are_named(source_file, near):
    gan = load_gan(source_file)
    with pytest.raises(checks.UserError, match="`kimg` must be a number above 0"):
        latent_selection.select_latents(gan, None, kimg=0)
    with pytest.raises(checks.UserError, match="`pool` must be an integer of at least 5"):
        latent_selection.select_latents(gan, None, pool=4, keep=5)
    gan.compile()
    with pytest.raises(checks.UserError, match="`images` must be what load_images returns"):
        latent_selection.select_latents(gan, "photos")
    bare = GAN(gan.generator, gan.discriminator, spec=gan.spec)
    with pytest.raises(checks.UserError, match="not compiled. Call gan.compile"):
        latent_selection.select_latents(bare, None)
