import dataclasses
import shutil
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.family import Source
from keras_transfer_gen.recipes.training.gan import source as module
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.recipes.training.gan.freezing import freeze_source, frozen_by_author, is_third_party
from keras_transfer_gen.recipes.training.gan.source import keep_in_run
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers
from tests.generator_fixtures import folder_of, keras_generator, render, weights, write_function
from tests.stylegan2_fixtures import FOLDER, reference

pytestmark = pytest.mark.usefixtures("small_discriminators", "quick_scores")


@pytest.fixture
def settings(tmp_path):
    return FineTuneSettings(data="photos", source=folder_of("labelled"), out=tmp_path / "run")


def open_source(settings, reporter=SILENT):
    strategy = tf.distribute.get_strategy()
    return module.open_source(Run("finetune", settings, GanFamily(), reporter, "start", strategy))


def opened(settings, **changed):
    return open_source(dataclasses.replace(settings, **changed))


def test_source_with_a_discriminator_is_not_fresh_and_a_saved_model_is(settings, source_file):
    own = opened(settings, source=str(source_file))
    assert not own.new_discriminator and own.kept and not is_third_party(own.model)
    other = opened(settings)
    assert other.new_discriminator and other.kept and is_third_party(other.model)


def test_mapper_stands_before_the_generator_and_changes_no_image(settings, source_file):
    for source, third_party in ((str(source_file), False), (settings.source, True)):
        gan = opened(settings, source=source, method="minegan", image_adapter=True).model
        assert np.array_equal(gan.generate(3), load_gan(source).generate(3))
        freeze_source(gan, dataclasses.replace(settings, source=source, method="minegan"), SILENT)
        trained = {variable.path.split("/")[0] for variable in gan.generator.trainable_variables}
        assert trained == {"latent_mapper", "image_adapter"} and is_third_party(gan)
        assert bool(saved_model_layers(gan.generator)) == third_party


@pytest.mark.parametrize(("kind", "changed", "text"), [
    ("constant", {}, "`method` must be 'minegan' for this source.*no variables that can be trained.*--method minegan"),
    ("constant", {"method": "bsa"}, "`method` must be 'minegan'.*Received: method='bsa'"),
    ("whole_numbers", {}, "a generator through which gradients pass.*whole numbers.*`ktg generate`"),
    ("whole_numbers", {"method": "minegan"}, "a generator through which gradients pass"),
])  # fmt: skip
def test_what_can_not_learn_is_refused(settings, kind, changed, text):
    with pytest.raises(checks.UserError, match=text):
        opened(settings, source=str(folder_of(kind)), **changed)


@pytest.mark.filterwarnings("error")
def test_operation_without_a_gradient_is_told(settings, tmp_path):
    def function(module_, z):
        images = render(z @ module_.mix)
        return tf.map_fn(lambda one: tf.io.decode_png(tf.io.encode_png(tf.cast(127.5 * (one + 1), tf.uint8))), images,
                         fn_output_signature=tf.uint8)  # fmt: skip

    write_function(tmp_path / "png", function, mix=weights((6, 147), 4))
    with pytest.raises(checks.UserError, match="a generator through which gradients pass"):
        opened(settings, source=str(tmp_path / "png"))


def test_what_its_author_froze_stays_unless_it_is_everything(settings, tmp_path):
    gan = opened(settings).model
    assert frozen_by_author(gan) == [(r"generator/filter", False)]
    freeze_source(gan, settings, SILENT)
    (layer,) = saved_model_layers(gan.generator)
    held = [name for name, variable in layer.named_variables.items() if not variable.trainable]
    assert held == ["generator/norm/moving_mean", "generator/filter"] or set(held) == {
        "generator/norm/moving_mean", "generator/filter",
    }  # fmt: skip
    settings_ = dataclasses.replace(settings, freeze=("generator/filter=true",))
    freeze_source(gan, settings_, SILENT)
    assert layer.named_variables["generator/filter"].trainable

    made = tf.Module()
    made.mix = tf.Variable(weights((6, 147), 4), trainable=False, name="mix")
    signature = [tf.TensorSpec((None, 6), tf.float32, name="z")]
    made.serve = tf.function(lambda z: render(z @ made.mix), input_signature=signature, autograph=False)
    tf.saved_model.save(made, str(tmp_path / "all"))
    gan = opened(settings, source=str(tmp_path / "all")).model
    assert frozen_by_author(gan) == []
    freeze_source(gan, settings, SILENT)
    assert len(gan.generator.trainable_variables) == 1


def test_comparison_from_scratch_is_refused_early_where_no_network_is_built(settings, monkeypatch):
    assert opened(settings, compare_scratch=True).new_discriminator
    monkeypatch.setattr(module, "checks", types.SimpleNamespace(**{**vars(checks), "IMAGE_SIZES": (32, 64)}))
    with pytest.raises(checks.UserError, match="`compare_scratch` must be left out for images of 28 pixels"):
        opened(settings, source=str(folder_of("plain")), compare_scratch=True)


def test_run_keeps_a_copy_and_the_source_names_it(settings):
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    found = open_source(settings)
    keep_in_run(found, run)
    for network in (found.model.generator, found.model.ema_generator):
        assert [layer.folder for layer in saved_model_layers(network)] == [str(run.source)]
    again = open_source(dataclasses.replace(settings, source="gone"))
    assert np.array_equal(again.model.generate(2), found.model.generate(2))


def test_run_keeps_the_file_of_a_bare_generator(settings, tmp_path):
    keras_generator().save(tmp_path / "bare.keras")
    settings = dataclasses.replace(settings, source=str(tmp_path / "bare.keras"))
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    found = open_source(settings)
    keep_in_run(found, run)
    (tmp_path / "bare.keras").unlink()
    again = open_source(settings)
    assert again.new_discriminator and again.kept and np.array_equal(again.model.generate(2), found.model.generate(2))
    assert again.model.spec == found.model.spec


def test_run_keeps_the_file_of_a_gan(settings, source_file, tmp_path):
    shutil.copyfile(source_file, tmp_path / "gan.keras")
    settings = dataclasses.replace(settings, source=str(tmp_path / "gan.keras"))
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    found = open_source(settings)
    keep_in_run(found, run)
    (tmp_path / "gan.keras").unlink()
    again = open_source(settings)
    assert (
        again.kept and not again.new_discriminator and np.array_equal(again.model.generate(2), found.model.generate(2))
    )
    assert trainable_report(again.model).rows == trainable_report(found.model).rows


def test_preset_is_not_copied(settings):
    found = open_source(dataclasses.replace(settings, source="noto_gan_64"))
    assert not found.kept and found.file is None


def test_layers_frozen_in_a_source_are_trainable_again(settings, finished, tmp_path):
    shutil.copytree(finished.out, tmp_path / "source")
    gan = opened(settings, source=str(tmp_path / "source")).model
    assert gan.generator.get_layer("block_4").dense.trainable
    freeze(gan, {"generator/.*": False})
    assert not gan.generator.trainable_variables


def test_determinism_is_refused_where_the_graph_draws_without_a_seed(settings, tmp_path):
    def function(module_, z):
        return render(z @ module_.mix + tf.random.normal((147,)))

    tf.random.set_seed(None)  # one that another test has set would be built into the graph
    write_function(tmp_path / "noisy", function, mix=weights((6, 147), 4))
    noisy = {"source": str(tmp_path / "noisy")}
    assert opened(settings, **noisy).new_discriminator and opened(settings, deterministic=True).new_discriminator
    with pytest.raises(checks.UserError, match="`deterministic` must be left out for this source.*without a seed"):
        opened(settings, **noisy, deterministic=True)


def test_networks_of_another_program_are_kept_as_a_file_of_this_package(tmp_path):
    ref = resolve_model(FOLDER / "tf1_v5.pkl")
    gan, run = load_gan(ref), RunFolder(tmp_path / "run")
    run.source_file.parent.mkdir(parents=True)
    keep_in_run(Source(gan, ref, kept=True), run)
    latents = reference("tf1_v5.pkl")["z"]
    np.testing.assert_array_equal(load_gan(run.source_file)(latents), gan(latents))
    assert run.notes()["source_kept"] is True and run.keeps_source
