"""What every test shares: two logical CPUs, a cache folder of its own, small images."""

import gc
import http.server
import os
import signal
import sys
import threading

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before the import: drops the lines about CPU features and CUDA
if "PYTEST_XDIST_WORKER" in os.environ:  # there is a worker a core: more threads wait for each other
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import pytest
import tensorflow as tf

# Before the first op, so that MirroredStrategy is really tested on a machine without GPUs.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

# Most graphs here run a few times: these passes over them cost more than they give. Pruning stays, it saves memory.
tf.config.optimizer.set_experimental_options(dict.fromkeys(
    ("layout_optimizer", "constant_folding", "shape_optimization", "remapping", "arithmetic_optimization",
     "dependency_optimization", "loop_optimization"), False,
))  # fmt: skip

# The files that take the longest: they come first, so that the workers of a parallel run end together (see Makefile).
LONGEST = (
    "training/test_fine_tune.py", "training/test_fine_tune_third_party.py", "tests/training/test_gan.py",
    "training/gan/test_feature_heads.py", "tests/test_notebooks.py", "training/test_pretrain.py",
    "saved_model/test_layer_replicas.py", "training/test_fine_tune_vae.py", "training/test_pretrain_vae.py",
    "tests/extension/test_extension.py", "training/test_worker_loop.py", "cli/test_train_third_party.py",
    "tests/test_packaging.py",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Puts the longest files first and leaves the order otherwise."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))


def pytest_collection_finish():
    """What is imported by now stays: it is not searched for garbage again and again; new objects are less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_interrupts():
    """A shell that starts the suite in the background has it ignore SIGINT; the tests of Ctrl-C need Python's way."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def hangup_ends():
    """Under nohup the suite ignores hang-ups, and so does every process that it starts; not where a test needs one."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(autouse=True)
def seed():
    """Networks that a test builds begin with the same weights in every run, whatever ran before."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Features and decoded images are cached in a temporary folder, by commands that tests start as well."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("KTG_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def two_cpus():
    """A MirroredStrategy on two logical CPUs; the default collectives fail on a second strategy."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())


@pytest.fixture(scope="session")
def sample_images():
    """uint8 `[12, 32, 32, 3]`: a disc on white, of another colour, size and place each; all different."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    images = np.full((12, 32, 32, 3), 255, np.uint8)
    for image in images:
        centre, radius = rng.uniform(10, 22, 2), rng.uniform(5, 10)
        image[(rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2] = rng.integers(0, 256, 3)
    images.setflags(write=False)
    return images


@pytest.fixture
def image_folder(tmp_path, sample_images):
    """A new folder with `sample_images` as `00.png`, `01.png`, ..."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, image in enumerate(sample_images):
        (folder / f"{number:02}.png").write_bytes(tf.io.encode_png(image).numpy())
    return folder


@pytest.fixture(scope="session")
def tiny_features():
    """A feature network in place of the shipped one where scores need to exist but not to mean much: quick, fixed."""
    import keras

    image = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(image)
    x = keras.layers.Conv2D(16, 4, 4, kernel_initializer=keras.initializers.GlorotUniform(seed=0))(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="tiny")


@pytest.fixture
def pooled_features(monkeypatch):
    """Feature heads see means of the image, in the shapes of the trained network's maps, which takes seconds to trace.

    For tests of what is done with heads; a run in test_feature_heads.py trains some on the network itself.
    """
    from keras_transfer_gen import efficientnet_lite

    def pool(images):
        shapes = zip(efficientnet_lite.TAP_STRIDES, efficientnet_lite.TAP_CHANNELS, strict=True)
        means = [(tf.nn.avg_pool2d(images, stride, stride, "SAME"), channels) for stride, channels in shapes]
        return [tf.tile(mean, (1, 1, 1, -(-channels // 3)))[..., :channels] for mean, channels in means]

    monkeypatch.setattr(efficientnet_lite, "feature_maps", pool)


@pytest.fixture(scope="session")
def quick(tiny_features):
    """Function: makes a `pytest.MonkeyPatch` score 12 images by `tiny_features`, at three points of a run, choose
    among 40 latents, and leave the feature heads out, which take seconds to trace."""

    def patch_scores(patch):
        from keras_transfer_gen.metrics import features
        from keras_transfer_gen.recipes.scoring import kid_protocol
        from keras_transfer_gen.recipes.training.gan import feature_heads, latent_selection
        from keras_transfer_gen.recipes.training.gan.curve import BestKidCurve
        from keras_transfer_gen.recipes.training.vae.curve import BestElboCurve

        patch.setattr(feature_heads, "set_feature_heads", lambda gan, weight: gan)
        for curve in (BestKidCurve, BestElboCurve):
            patch.setattr(curve, "points", 3)
            patch.setattr(curve, "apart", 0.0)
        patch.setattr(latent_selection, "DEFAULT", latent_selection.LatentSelection(pool=40, keep=6))
        patch.setattr(features, "load_feature_network", lambda *name, side=None: tiny_features)
        patch.setattr(kid_protocol, "DEFAULT", kid_protocol.KidProtocol(num_fakes=12, curve_fakes=12))

    return patch_scores


@pytest.fixture
def quick_scores(monkeypatch, quick):
    """Quick scores for one test; see `quick`."""
    quick(monkeypatch)


@pytest.fixture(scope="session")
def source_file(tmp_path_factory):
    """A GAN of 32 px, small and untrained, as a `.keras` file with a licence."""
    import keras

    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.training.checkpoint import save_model
    from keras_transfer_gen.training.gan import GAN

    keras.utils.set_random_seed(0)
    spec = ModelSpec(image_size=32, channels=3, latent_dim=16, arch="dcgan", source="A test.", licence="CC0-1.0")
    gan = GAN(*build_dcgan(32, latent_dim=16, max_channels=16, min_channels=8), spec=spec)
    gan.compile()
    path = tmp_path_factory.mktemp("source") / "source.keras"
    save_model(gan, path)
    return path


@pytest.fixture(scope="session")
def shared_image_folder(tmp_path_factory, sample_images):
    """`sample_images` as PNG files in one folder for the whole session; nothing may be written to it."""
    folder = tmp_path_factory.mktemp("shared") / "pictures"
    folder.mkdir()
    for number, image in enumerate(sample_images):
        (folder / f"{number:02}.png").write_bytes(tf.io.encode_png(image).numpy())
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory, source_file, shared_image_folder, quick):
    """Settings of a finished fine-tuning with everything: reference, frozen layers, comparison from scratch.

    Nothing may be written to its folder `finished.out`; copy it first.
    """
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.training.fine_tune import fine_tune

    settings = FineTuneSettings(
        data=shared_image_folder, reference=shared_image_folder, source=source_file,
        out=tmp_path_factory.mktemp("runs") / "cats",
        kimg=0.04, batch_size=8, precision="float32", freeze=("generator/block_4/.*=false",), freeze_d=1,
        compare_scratch=True,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        fine_tune(settings)
    return settings


@pytest.fixture(scope="session")
def vae_file(tmp_path_factory, sample_images):
    """A VAE of 32 px, small and trained for a moment on `sample_images`, as a `.keras` file with a licence."""
    import keras

    from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.training.vae import VAE

    keras.utils.set_random_seed(0)
    spec = ModelSpec(image_size=32, channels=3, latent_dim=8, arch="conv_vae", source="A test.", licence="CC0-1.0")
    vae = VAE(*build_conv_vae(32, latent_dim=8, max_channels=16, min_channels=8), spec=spec)
    vae.compile(optimizer=keras.optimizers.Adam(3e-3))
    vae.fit(tf.data.Dataset.from_tensor_slices(sample_images).batch(12).repeat(60), epochs=1, verbose=0)
    path = tmp_path_factory.mktemp("vae") / "vae.keras"
    vae.save(path)
    return path


@pytest.fixture
def web_of(tmp_path, monkeypatch):
    """Function: a file -> (its address on a server on this machine, list of the paths that are asked for)."""
    monkeypatch.setenv("no_proxy", "*")
    served, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 - the name that http.server calls
            asked.append(self.path)
            body = served[self.path.split("?")[0]]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def serve(file):
            served[f"/{file.name}"] = file.read_bytes()
            return f"http://127.0.0.1:{server.server_address[1]}/{file.name}", asked

        yield serve
        server.shutdown()
        thread.join()


@pytest.fixture
def small_discriminators(monkeypatch):
    """Sources without a discriminator get a small one that knows nothing: quick."""
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
    from keras_transfer_gen.recipes.models import load

    monkeypatch.setattr(
        load,
        "new_discriminator",
        lambda spec, _: build_dcgan_discriminator(spec.image_size, spec.channels, max_channels=16, min_channels=8),
    )


@pytest.fixture(scope="session")
def style_file(tmp_path_factory):
    """A StyleGAN2 of 16 px, small, untrained, whose noise shows, as a `.keras` file."""
    import keras

    from keras_transfer_gen import tables
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.training.gan import GAN

    keras.utils.set_random_seed(0)
    spec = ModelSpec(image_size=16, channels=3, latent_dim=8, arch="stylegan2")
    options = {"channel_base": 64, "channel_max": 8, "w_dim": 8, "mapping_layers": 2}
    gan = GAN(*tables.architecture_of(spec).build(spec, options), spec=spec)
    for variable in (*gan.generator.variables, *gan.ema_generator.variables):
        if variable.path.endswith("noise_strength"):
            variable.assign(0.1)
    path = tmp_path_factory.mktemp("style") / "style.keras"
    gan.save(path)
    return path
