import http.server
import tarfile
import threading

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.load import (
    MeasuredGenerator,
    ServedGenerator,
    load_gan,
    load_generator,
    numbered_classes,
)
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import numbered_latents
from tests.saved_model_fixtures import folder_of, made


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
    with pytest.raises(checks.UserFileError, match=r"`source` must be a readable .keras file.*Keras says: ") as caught:
        load_gan(tmp_path / "a.keras")
    assert "\n" not in str(caught.value)


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server on this machine with a generator of others, `gan.tar.gz`: (its address, list of the paths asked for)."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "web").mkdir()
    with tarfile.open(tmp_path / "web" / "gan.tar.gz", "w:gz") as archive:
        archive.add(made("painters")[0] / "one_hot", "gan")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path / "web")

        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/gan.tar.gz", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["plain", "unit", "bytes", "one_hot", "lists"])
def test_saved_model_of_others_makes_pictures(name):
    generator = load_generator(made("painters")[0] / name)
    assert isinstance(generator, MeasuredGenerator)
    images = generator.generate(40, seed=3)
    side, channels = generator.spec.image_size, generator.spec.channels
    assert images.dtype == np.uint8 and images.shape == (40, side, side, channels)
    # Picture i depends on the seed and on i alone, whatever was made beside it.
    assert np.abs(generator.generate(3, seed=3).astype(int) - images[:3]).max() <= 1
    assert not np.array_equal(generator.generate(3, seed=4), images[:3])
    assert images.min() < 60 and images.max() > 195


def test_latents_classes_and_truncation_reach_a_model_of_others():
    folder, painters = made("painters")
    z, classes = numbered_latents(range(4), 6, 5, 0.5), numbered_classes(range(4), 7, 5)
    made_here = load_generator(folder / "one_hot").generate(4, seed=5, truncation=0.5)
    expected = painters["one_hot"].make(z, np.eye(7, dtype=np.float32)[classes], 0.5)["default"]
    assert np.abs(made_here - np.asarray(expected)).max() <= 0.51


def test_classes_are_uniform_and_numbered():
    drawn = numbered_classes(range(2000), 4, seed=1)
    assert (np.abs(np.bincount(drawn, minlength=4) - 500) < 80).all()
    assert np.array_equal(numbered_classes([7, 3], 4, 1), drawn[[7, 3]])
    assert not numbered_classes(range(5), 0).any()


def test_archive_here_is_unpacked(tmp_path):
    with tarfile.open(tmp_path / "gan.tar.gz", "w:gz") as archive:
        archive.add(made("painters")[0] / "plain", "gan")
    there = load_generator(made("painters")[0] / "plain").generate(2)
    assert np.array_equal(load_generator(tmp_path / "gan.tar.gz").generate(2), there)


def test_model_from_the_web_is_fetched_with_trust_alone(web):
    address, asked = web
    with pytest.raises(checks.UserError, match="`source` must be a model that you trust.*trust=True or --trust"):
        load_generator(address)
    with pytest.raises(checks.UserError, match="no discriminator"):
        load_gan(address)
    assert asked == []
    there = load_generator(made("painters")[0] / "one_hot").generate(2)
    assert np.array_equal(load_generator(address, trust=True).generate(2), there)
    assert asked == ["/gan.tar.gz"]
    load_generator(address, trust=True)
    assert asked == ["/gan.tar.gz"]


def test_what_is_no_generator_is_refused_with_inputs_and_outputs():
    with pytest.raises(checks.UserError, match=r"`source` must be a SavedModel with latents.*z: float32 \(None, 6\)"):
        load_generator(folder_of("tf1"))


@pytest.mark.parametrize("arguments", [{"num": 0}, {"num": 1, "seed": -1}, {"num": 1, "truncation": 2}])
def test_model_of_others_refuses_what_a_gan_refuses(arguments):
    with pytest.raises(checks.UserError, match="must be"):
        load_generator(made("painters")[0] / "plain").generate(**arguments)
