import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.load import ServedGenerator, load_gan, load_generator
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.training.gan import GAN


def test_gan_of_a_file_and_of_a_run_is_loaded_with_its_optimizers(source_file, finished):
    gan = load_gan(source_file)
    assert isinstance(gan, GAN) and gan.spec.licence == "CC0-1.0" and gan.kimg == 0
    run = load_gan(finished.out)
    assert run.kimg == 0.04 and int(run.g_optimizer.iterations.numpy()) == 5


def test_saved_model_makes_the_pictures_of_the_run(finished):
    served = load_generator(RunFolder(finished.out).saved_model)
    assert isinstance(served, ServedGenerator) and served.spec == load_gan(finished.out).spec
    made, expected = served.generate(5, seed=3), load_generator(finished.out).generate(5, seed=3)
    assert made.dtype == np.uint8
    check_parity(expected, made)
    assert np.array_equal(served.generate(2, seed=3), made[:2])
    assert not np.array_equal(served.generate(5, seed=3, truncation=0.5), made)


@pytest.mark.parametrize(("arguments", "text"), [
    ({"num": 0}, r"`num` must be an integer of at least 1.*--num"), ({"num": 1, "seed": -1}, r"`seed` must be.*--seed"),
    ({"num": 1, "truncation": 0}, r"`truncation` must be a number above 0"),
])  # fmt: skip
def test_saved_model_refuses_what_a_gan_refuses(finished, arguments, text):
    with pytest.raises(checks.UserError, match=text):
        load_generator(RunFolder(finished.out).saved_model).generate(**arguments)


def test_saved_model_has_nothing_to_train(finished):
    with pytest.raises(
        checks.UserError, match="`source` must be a preset, a RUN folder or a .keras file.*no discriminator"
    ):
        load_gan(RunFolder(finished.out).saved_model)


def test_model_of_another_class_is_refused(tmp_path):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "other.keras")
    with pytest.raises(checks.UserError, match="a model saved from a GAN.*It holds a Functional"):
        load_gan(tmp_path / "other.keras")


def test_damaged_archive_is_explained_on_one_line(tmp_path, source_file):
    import zipfile

    with zipfile.ZipFile(source_file) as archive, zipfile.ZipFile(tmp_path / "a.keras", "w") as damaged:
        damaged.writestr("config.json", archive.read("config.json"))
    with pytest.raises(checks.UserFileError, match=r"`model` must be a readable .keras file.*Keras says: ") as caught:
        load_gan(tmp_path / "a.keras")
    assert "\n" not in str(caught.value)
