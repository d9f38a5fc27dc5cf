import http.server
import tarfile
import threading

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.models.image_generators import (
    MeasuredGenerator,
    ModelGenerator,
    ServedGenerator,
    open_model,
)
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring.elbo_protocol import measure_elbo
from keras_transfer_gen.training.latents import numbered_labels, numbered_latents
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests import generator_fixtures
from tests.saved_model_fixtures import folder_of, saved

pytestmark = pytest.mark.usefixtures("small_discriminators")


def test_saved_model_generates_the_images_of_the_run(finished):
    served = open_model(RunFolder(finished.out).saved_model)
    assert isinstance(served, ServedGenerator) and served.spec == load_gan(finished.out).spec
    images, expected = served.generate(5, seed=3), open_model(finished.out).generate(5, seed=3)
    assert images.dtype == np.uint8
    check_parity(expected, images)
    assert np.array_equal(served.generate(2, seed=3), images[:2])
    assert not np.array_equal(served.generate(5, seed=3, truncation=0.5), images)


@pytest.mark.parametrize(("arguments", "text"), [
    ({"num": 0}, r"`num` must be an integer of at least 1.*--num"), ({"num": 1, "seed": -1}, r"`seed` must be.*--seed"),
    ({"num": 1, "truncation": 0}, r"`truncation` must be a number above 0"),
])  # fmt: skip
def test_saved_model_refuses_what_a_gan_refuses(finished, arguments, text):
    with pytest.raises(checks.UserError, match=text):
        open_model(RunFolder(finished.out).saved_model).generate(**arguments)


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server on this machine with a third-party generator, `gan.tar.gz`: (its address, list of requested paths)."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "web").mkdir()
    with tarfile.open(tmp_path / "web" / "gan.tar.gz", "w:gz") as archive:
        archive.add(saved("renderers")[0] / "one_hot", "gan")
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path / "web")

        def log_message(self, *_):
            requests.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/gan.tar.gz", requests
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["plain", "unit", "bytes", "one_hot", "lists"])
def test_third_party_saved_model_generates_images(name):
    generator = open_model(saved("renderers")[0] / name)
    assert isinstance(generator, MeasuredGenerator)
    images = generator.generate(40, seed=3)
    side, channels = generator.spec.image_size, generator.spec.channels
    assert images.dtype == np.uint8 and images.shape == (40, side, side, channels)
    # Image i depends on the seed and on i alone, whatever was made beside it.
    assert np.abs(generator.generate(3, seed=3).astype(int) - images[:3]).max() <= 1
    assert not np.array_equal(generator.generate(3, seed=4), images[:3])
    assert images.min() < 60 and images.max() > 195


def test_latents_classes_and_truncation_reach_a_third_party_model():
    folder, renderers = saved("renderers")
    z, classes = numbered_latents(range(4), 6, 5, 0.5), numbered_labels(range(4), 7, 5)
    images = open_model(folder / "one_hot").generate(4, seed=5, truncation=0.5)
    expected = renderers["one_hot"].make(z, np.eye(7, dtype=np.float32)[classes], 0.5)["default"]
    assert np.abs(images - np.asarray(expected)).max() <= 0.51


def test_archive_here_is_unpacked(tmp_path):
    with tarfile.open(tmp_path / "gan.tar.gz", "w:gz") as archive:
        archive.add(saved("renderers")[0] / "plain", "gan")
    expected = open_model(saved("renderers")[0] / "plain").generate(2)
    assert np.array_equal(open_model(tmp_path / "gan.tar.gz").generate(2), expected)


def test_model_from_the_web_is_fetched_with_trust_alone(web):
    address, requests = web
    with pytest.raises(checks.UserError, match="`source` must be a model that you trust.*trust=True or --trust"):
        open_model(address)
    with pytest.raises(checks.UserError, match="trust=True or --trust"):
        load_gan(address)
    assert requests == []
    expected = open_model(saved("renderers")[0] / "one_hot").generate(2)
    assert np.array_equal(open_model(address, trust=True).generate(2), expected)
    assert requests == ["/gan.tar.gz"]
    open_model(address, trust=True)
    assert requests == ["/gan.tar.gz"]


def test_what_is_no_generator_is_refused_with_inputs_and_outputs():
    with pytest.raises(checks.UserError, match=r"`source` must be a generator with latents.*z: float32 \(None, 6\)"):
        open_model(folder_of("tf1"))


@pytest.mark.parametrize("arguments", [{"num": 0}, {"num": 1, "seed": -1}, {"num": 1, "truncation": 2}])
def test_third_party_model_refuses_what_a_gan_refuses(arguments):
    with pytest.raises(checks.UserError, match="must be"):
        open_model(saved("renderers")[0] / "plain").generate(**arguments)


def test_bare_keras_generator_generates_the_images_of_its_gan(tmp_path):
    generator_fixtures.keras_generator(sigmoid=True, labels=True).save(tmp_path / "bare.keras")
    generator = open_model(tmp_path / "bare.keras")
    assert isinstance(generator, ModelGenerator) and generator.spec.num_classes == generator_fixtures.CLASSES
    images = generator.generate(5, seed=2)
    assert images.shape == (5, 28, 28, 3) and np.array_equal(generator.generate(2, seed=2), images[:2])
    assert np.array_equal(load_gan(tmp_path / "bare.keras").generate(5, seed=2), images)


def test_gan_of_a_third_party_source_generates_what_that_generates_by_itself():
    folder = generator_fixtures.folder_of("labelled")
    assert np.abs(load_gan(folder).generate(6, seed=1).astype(int) - open_model(folder).generate(6, seed=1)).max() <= 1


def test_exported_vae_generates_the_images_of_the_vae_and_has_an_elbo(exported_vae, sample_images):
    vae, folder = exported_vae
    served = open_model(folder)
    assert np.abs(served.generate(5, seed=1).astype(int) - vae.generate(5, seed=1)).max() <= 1
    expected = measure_elbo(vae, sample_images, "cats")["elbo"]["value"]
    np.testing.assert_allclose(measure_elbo(served, sample_images, "cats")["elbo"]["value"], expected, rtol=1e-4)
    with pytest.raises(checks.UserError, match="latent_dim"):
        open_model(folder, overrides=SpecOverrides(latent_dim=99))


def test_one_class_can_be_had_of_every_kind_of_labelled_model(tmp_path):
    folder = generator_fixtures.folder_of("labelled")
    gan = load_gan(folder)
    export_saved_model(gan, tmp_path / "served")
    generator_fixtures.keras_generator(sigmoid=True, labels=True).save(tmp_path / "bare.keras")
    drawn = numbered_labels(range(4), generator_fixtures.CLASSES, 2)
    models = [open_model(source) for source in (folder, tmp_path / "served", tmp_path / "bare.keras")]
    for model in (*models, gan):
        images = model.generate(4, seed=2)
        for label in set(drawn.tolist()):  # the same latents: where that class was drawn, the same image
            one_class = model.generate(4, seed=2, label=label)
            assert np.abs(one_class[drawn == label].astype(int) - images[drawn == label]).max() <= 1
            assert not np.array_equal(one_class[drawn != label], images[drawn != label])
        with pytest.raises(checks.UserError, match=r"`label` must be an integer from 0 to 4.*--class"):
            model.generate(1, label=5)
