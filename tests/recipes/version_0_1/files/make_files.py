"""Makes the files of this folder with keras_transfer_gen 0.1.0, for tests that a later version still reads them.

    cd CHECKOUT_OF_0.1 && PYTHONPATH=$PWD python tests/recipes/version_0_1/files/make_files.py [STEP ...]

Without a STEP all are made in order, each in a process of its own, then everything is verified. See README.md.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")  # sums are split by it: other numbers give other last bits

HERE = Path(__file__).resolve().parent
GAN_RUN = {
    "data": "data", "source": "source.keras", "out": "run_gan", "kimg": 0.064, "batch_size": 4, "seed": 0,
    "precision": "float32", "deterministic": True, "freeze": ("generator/block_4/.*=false",), "freeze_d": 1,
    "r1_every": 3, "mine_kimg": 0.008, "rate_ratio": 4.0, "feature_influence": 0.0, "select": "best",
    "compare_scratch": False, "evaluate_every_kimg": 0.016,
}  # fmt: skip
GAN_STOP = 0.036  # kimg at which SIGTERM comes
VAE_RUN = {
    "data": "data_vae", "source": "vae.keras", "out": "run_vae", "method": "decoder", "kimg": 0.08, "batch_size": 8,
    "seed": 0, "precision": "float32", "deterministic": True, "prior": "shrunk", "evaluate_every_kimg": 0.016,
    "learning_rate": 0.015,
}  # fmt: skip
VAE_STOP = 0.056
FINISHED_RUN = {
    "data": "data", "source": "source.keras", "out": "run_finished", "kimg": 0.024, "batch_size": 4, "seed": 0,
    "precision": "float32", "deterministic": True, "r1_every": 3, "mine_kimg": 0.004, "rate_ratio": 4.0,
    "feature_influence": 0.0, "select": "best", "evaluate_every_kimg": 0.008,
}  # fmt: skip
FAKES, POOL, KEPT = 12, 40, 6  # in place of scores.NUM_FAKES and CURVE_FAKES, mining.POOL, mining.KEPT


# ---------------------------------------------------------------------------------------------------- what is shared


def prepare():
    """The package, after a look at where it comes from, and everything deterministic."""
    import keras
    import tensorflow as tf

    import keras_transfer_gen as ktg

    assert ktg.__version__ == "0.1.0", ktg.__version__
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    return ktg


def pictures(count=12, seed=0, ground=255):
    """uint8 `[count, 32, 32, 3]`: discs; by default those of the fixture `pictures` of tests/conftest.py."""
    import numpy as np

    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32]
    made = np.full((count, 32, 32, 3), ground, np.uint8)
    for picture in made:
        centre, radius = rng.uniform(10, 22, 2), rng.uniform(5, 10)
        picture[(rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2] = rng.integers(0, 256, 3)
    return made


@contextlib.contextmanager
def quick_scores():
    """Scores by a tiny fixed feature network on 12 pictures, latents chosen from 40: tests/conftest.py `quick`.

    Neither `POINTS` nor feature heads need a patch: the settings say how often is scored, and that there are no heads.
    """
    import keras

    from keras_transfer_gen.metrics import features
    from keras_transfer_gen.recipes import mining, scores

    image = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(image)
    x = keras.layers.Conv2D(16, 4, 4, kernel_initializer=keras.initializers.GlorotUniform(seed=0))(x)
    tiny = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="tiny")
    features.load_feature_network = lambda: tiny
    scores.NUM_FAKES = scores.CURVE_FAKES = FAKES
    mining.POOL, mining.KEPT = POOL, KEPT
    with tempfile.TemporaryDirectory() as cache:
        os.environ["KTG_CACHE_DIR"] = cache
        yield


def weights_of(model):
    """{"generator/block_4/dense/kernel": array, ...} of every role, of the averaged generator ("ema/...") and of what
    else a VAE holds ("prior/...", "likelihood/...")."""
    from keras_transfer_gen.transfer.paths import leaves

    found = dict(_pairs("", leaves(model)))
    if hasattr(model, "ema_generator"):
        found.update(_pairs("ema/", leaves(model.ema_generator)))
    for name in ("prior", "likelihood"):
        part = getattr(model, name, None)
        found.update({f"{name}/{v.name}": v.numpy() for v in getattr(part, "variables", ())})
    assert all(value.dtype == "float32" or value.shape == () for value in found.values())
    return found


def _pairs(prefix, found):
    for leaf in found:
        for path, variable in zip(leaf.variable_paths(), leaf.variables, strict=True):
            yield prefix + path, variable.numpy()


def flags_of(model):
    """{"trainable": JSON of {"generator/block_4/dense/kernel": bool, ...}}."""
    import numpy as np

    from keras_transfer_gen.transfer.paths import leaves

    pairs = [pair for leaf in leaves(model) for pair in zip(leaf.variable_paths(), leaf.variables, strict=True)]
    return {"trainable": np.array(json.dumps({path: bool(variable.trainable) for path, variable in pairs}))}


def rest_of(model):
    """By their number, the variables of the optimizers and regularisers; step and images seen."""
    found = {}
    for name in ("g_optimizer", "d_optimizer") if hasattr(model, "g_optimizer") else ("optimizer",):
        variables = getattr(model, name).variables
        found.update({f"{name}/{number:03}": v.numpy() for number, v in enumerate(variables)})
    for place, regularizer in enumerate(model.regularizers):
        found.update({f"regularizer_{place}/{n:03}": v.numpy() for n, v in enumerate(regularizer.variables)})
    return {**found, "step": model.step.numpy(), "images_seen": model.images_seen.numpy()}


def everything_of(model):
    """Weights and the rest."""
    return {**weights_of(model), **rest_of(model)}


def digests_of(arrays):
    """{"sha256": JSON of {name: the first 16 hex digits of the SHA-256 of an array's bytes}}: for exact values, small."""
    import numpy as np

    found = {name: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16] for name, value in arrays.items()}
    return {"sha256": np.array(json.dumps(found, sort_keys=True))}


def compiled_as(model):
    """JSON of the compile config."""
    import numpy as np

    return np.array(json.dumps(model.get_compile_config(), sort_keys=True, default=str))


def pack(*files):
    """Deflates what Keras stored in `.keras` files, which are mostly the padding of HDF5; no byte of it changes."""
    for file in files:
        with zipfile.ZipFile(file) as archive:
            entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in entries:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def write_npz(path, arrays):
    import numpy as np

    np.savez_compressed(path, **arrays)


def train(model, steps, batch=4):
    """So many steps on the first pictures, in their order."""
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(pictures()).batch(batch, drop_remainder=True).repeat()
    return model.fit(data.take(steps), epochs=1, steps_per_epoch=steps, verbose=0).history


def continued(path, load):
    """What two more steps of a loaded model give: the means of their losses, and pictures of the moved networks."""
    import numpy as np

    model = load(path)
    history = train(model, 2)
    made = model.generate(4, seed=0, average=False) if hasattr(model, "ema_generator") else model.generate(4, seed=0)
    losses = {f"continued_{name}": np.float64(values[-1]) for name, values in history.items()}
    return {**losses, "continued_images": made}


def spec(ktg, **changed):
    fields = {"image_size": 32, "channels": 3, "latent_dim": 8, "arch": "dcgan", "licence": "CC0-1.0"}
    return ktg.ModelSpec(**{**fields, "source": "A fixture of version 0.1.0.", **changed})


def dcgan():
    from keras_transfer_gen.networks.dcgan import build_dcgan

    return build_dcgan(32, latent_dim=8, width=8, least_width=4)


# ------------------------------------------------------------------------------------------------------------- steps


def data():
    """Twelve pictures for the GANs; 28 for the VAE, so that four of them are put aside to choose weights by."""
    import tensorflow as tf

    sets = {"data": pictures(), "data_vae": pictures(28, seed=1, ground=200)}
    for name, images in sets.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
        for number, picture in enumerate(images):
            (HERE / name / f"{number:02}.png").write_bytes(tf.io.encode_png(picture).numpy())


def source():
    """source.keras: what the GAN's runs start from."""
    ktg = prepare()
    import keras

    from keras_transfer_gen.training.checkpoint import save_model

    gan = ktg.GAN(*dcgan(), spec=spec(ktg, source="A test."))
    # Until its pictures are near enough to those of data/ for a fine-tune to choose among its latents.
    adam = {"beta_1": 0.0, "beta_2": 0.99}
    gan.compile(
        g_optimizer=keras.optimizers.Adam(4e-3, **adam), d_optimizer=keras.optimizers.Adam(1e-3, **adam),
        ema_halflife_kimg=0.1,
    )  # fmt: skip
    train(gan, 250, batch=12)
    save_model(gan, HERE / "source.keras")
    pack(HERE / "source.keras")


def gan():
    """gan.keras: mixture, feature heads, frozen layers, and every part of compile."""
    ktg = prepare()
    import keras
    import numpy as np

    from keras_transfer_gen.training.checkpoint import save_model

    generator, discriminator = dcgan()
    centres = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    generator = ktg.insert_latent_mixture(generator, centres, spread=0.4, seed=5)
    model = ktg.GAN(generator, discriminator, spec=spec(ktg, truncation=0.8))
    model = ktg.add_feature_heads(model, influence=0.1, width=2)
    ktg.freeze(model, [
        ("generator/block_4/.*", False), ("generator/block_16/conv/kernel", False),
        ("generator/.*moving_(mean|variance)", False), ("discriminator/block_32/.*", False),
        ("discriminator/feature_head_3/.*", False), (".*", True),
    ])  # fmt: skip
    adam = {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
    model.compile(
        objective="hinge", penalty=ktg.R1(0.7, 3), augment=ktg.DiffAugment(), regularizers=[ktg.L2SP(0.01)],
        g_optimizer=keras.optimizers.Adam(4e-3, **adam), d_optimizer=keras.optimizers.Adam(1e-3, **adam),
        ema_halflife_kimg=0.05, ema_rampup=None, seed=3,
    )  # fmt: skip
    train(model, 5)
    save_model(model, HERE / "gan.keras")
    pack(HERE / "gan.keras")
    write_npz(HERE / "gan_expected.npz", {
        "images": model.generate(4, seed=0), "images_not_averaged": model.generate(4, seed=0, average=False),
        **weights_of(model), **digests_of(rest_of(model)), **flags_of(model), "compile_config": compiled_as(model),
        **continued(HERE / "gan.keras", ktg.load_gan),
    })  # fmt: skip


def miner():
    """miner.keras: a mapper and an output network about a frozen generator, by the rules of the method "miner"."""
    ktg = prepare()
    from keras_transfer_gen.recipes.methods import METHODS

    from keras_transfer_gen.training.checkpoint import save_model

    generator, discriminator = dcgan()
    generator = ktg.insert_latent_mapper(generator, output_network=True)
    model = ktg.GAN(generator, discriminator, spec=spec(ktg))
    ktg.freeze(model, [*METHODS["miner"].rules, (".*", True)])
    model.compile(augment="diffaugment", g_optimizer=None)
    train(model, 5)
    save_model(model, HERE / "miner.keras")
    pack(HERE / "miner.keras")
    write_npz(HERE / "miner_expected.npz", {
        "images": model.generate(4, seed=0), "images_not_averaged": model.generate(4, seed=0, average=False),
        **digests_of(everything_of(model)), **flags_of(model), "compile_config": compiled_as(model),
        **continued(HERE / "miner.keras", ktg.load_gan),
    })  # fmt: skip


def vae():
    """vae.keras and vae_mixture.keras: the same networks with another prior fitted."""
    ktg = prepare()
    import keras
    import numpy as np

    from keras_transfer_gen.networks.conv_vae import build_conv_vae
    from keras_transfer_gen.training.checkpoint import save_model

    networks = build_conv_vae(32, latent_dim=8, width=8, least_width=4)
    model = ktg.VAE(
        *networks, beta=0.7, free_bits=0.05, kl_warmup_kimg=0.2, spec=spec(ktg, arch="conv_vae", source="A test.")
    )
    model.compile(keras.optimizers.Adam(1e-2), seed=3)
    train(model, 60, batch=12)
    ktg.freeze(model, {"decoder/block_4/.*": False})
    model.compile(keras.optimizers.Adam(1e-3), regularizers=[ktg.PosteriorAnchor(0.5)], seed=3)
    train(model, 5)
    for name, kind in (("vae", "shrunk"), ("vae_mixture", "mixture")):
        ktg.fit_prior(model, ktg.load_images(pictures(), 32), kind=kind, seed=0)
        save_model(model, HERE / f"{name}.keras")
        pack(HERE / f"{name}.keras")
        mean, log_var = model.encode(pictures()[:4])
        bound = model.evaluate(pictures()[:4], samples=4, seed=0, return_dict=True)
        write_npz(HERE / f"{name}_expected.npz", {
            "images": model.generate(4, seed=0), "z_mean": mean, "z_log_var": log_var,
            "reconstructed": model.reconstruct(pictures()[:4]),
            **{f"evaluate_{key}": np.float64(value) for key, value in bound.items()},
            **digests_of(everything_of(model)), **flags_of(model), "compile_config": compiled_as(model),
            **continued(HERE / f"{name}.keras", ktg.load_vae),
        })  # fmt: skip


def interrupter(at):
    """A reporter that sends SIGTERM to this process once, after so many kimg of "adapting"."""
    from keras_transfer_gen.recipes.reporter import Reporter

    class Interrupter(Reporter):
        sent = False

        @contextlib.contextmanager
        def progress(self, label, total, unit=""):
            def tick(done, total=total, note=""):
                if label == "adapting" and done >= at - 1e-9 and not self.sent:
                    self.sent = True
                    os.kill(os.getpid(), signal.SIGTERM)

            yield tick

    return Interrupter()


def recipe_of(name):
    """(recipe, its settings) of a run of this folder, with paths relative to it."""
    from keras_transfer_gen.recipes.fine_tune import fine_tune
    from keras_transfer_gen.recipes.fine_tune_vae import fine_tune_vae
    from keras_transfer_gen.recipes.fine_tune_vae_settings import FineTuneVaeSettings

    from keras_transfer_gen.recipes.settings import FineTuneSettings

    if name == "run_vae":
        return fine_tune_vae, FineTuneVaeSettings(**VAE_RUN)
    return fine_tune, FineTuneSettings(**{"run_gan": GAN_RUN, "run_finished": FINISHED_RUN}[name])


def run_once(name, at=None):
    """Starts or continues a run in the present folder, with SIGTERM at `at` kimg; returns the metrics or None."""
    import keras_transfer_gen as ktg
    from keras_transfer_gen import checks

    assert ktg.__version__ == "0.1.0"
    recipe, settings = recipe_of(name)
    with quick_scores():
        if at is None:
            return recipe(settings)
        os.environ["KTG_CHECKPOINT_SECONDS"] = "0"
        try:
            recipe(settings, interrupter(at))
        except checks.Interrupted as told:
            print(told)
            return None
        finally:
            del os.environ["KTG_CHECKPOINT_SECONDS"]
    raise AssertionError("the run was not interrupted")


def final_of(name, folder):
    """Everything in the last checkpoint of a finished run."""
    from keras_transfer_gen.recipes.run_folder import RunFolder
    from keras_transfer_gen.transfer.saved_model_files import beside

    from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint

    latest = latest_checkpoint(RunFolder(Path(folder, name)).adapted)
    with beside(latest):
        model, state = load_checkpoint(latest)
    return model, everything_of(model), state


def interrupt(name):
    """Makes an interrupted run in this folder, without what only costs space."""
    os.chdir(HERE)
    shutil.rmtree(name, ignore_errors=True)
    run_once(name, {"run_gan": GAN_STOP, "run_vae": VAE_STOP}[name])
    shutil.rmtree(f"{name}/samples", ignore_errors=True)
    Path(name, "checkpoints", "before.npy").unlink()  # the left part of before_after.png
    pack(*Path(name).rglob("*.keras"))
    print(*sorted(str(path) for path in Path(name).rglob("*") if path.is_file()), sep="\n")


def inputs_of(name, target, with_run=True):
    """Copies a run, its data and its source to a folder."""
    settings = VAE_RUN if name == "run_vae" else GAN_RUN
    for part in (settings["data"], *([name] if with_run else [])):
        shutil.copytree(HERE / part, Path(target, part))
    shutil.copy(HERE / settings["source"], target)


def finish(name):
    """Continues a copy of an interrupted run to its end and keeps what it ended with."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        inputs_of(name, folder)
        os.chdir(folder)
        metrics = run_once(name)
        model, found, state = final_of(name, folder)
        best = {}
        if name == "run_gan":  # what a user of the run gets
            import keras_transfer_gen as ktg

            chosen = ktg.load_gan(name)
            averaged = {path: value for path, value in weights_of(chosen).items() if path.startswith("ema/")}
            best = digests_of({f"best/{path}": value for path, value in averaged.items()})
            best["best_kimg"], best["best_images"] = np.float64(chosen.kimg), chosen.generate(4, seed=0)
        curve = {f"curve_{key}": np.float64([record[key] for record in state["records"]]) for key in state["records"][0]}
        told = {name: value for name, value in metrics.items() if name not in ("seconds", "images_per_second")}
        write_npz(HERE / f"{name}_final.npz", {
            **found, **best, **curve, "images": model.generate(4, seed=0), "metrics": np.array(json.dumps(told)),
        })  # fmt: skip
        print(json.dumps(told, indent=1), state["records"])
        os.chdir(HERE)


def run_gan():
    interrupt("run_gan")


def run_gan_final():
    finish("run_gan")


def run_vae():
    interrupt("run_vae")


def run_vae_final():
    finish("run_vae")


def run_finished():
    """A finished run without its heavy parts."""
    os.chdir(HERE)
    shutil.rmtree("run_finished", ignore_errors=True)
    run_once("run_finished")
    import keras_transfer_gen as ktg

    run = Path("run_finished")
    for part in ("samples", "source", "export"):
        shutil.rmtree(run / part, ignore_errors=True)
    for part in ("before_after.png", "neighbours.png", "training.gif", "curves.png", "checkpoints/before.npy"):
        (run / part).unlink(missing_ok=True)
    pack(*run.rglob("*.keras"))
    model = ktg.load_gan("run_finished")
    write_npz(HERE / "run_finished_expected.npz", {
        "images": model.generate(4, seed=0), **digests_of(weights_of(model)),
    })  # fmt: skip


def exported_saved_model():
    """gan.keras as a SavedModel; what it makes of fixed latents."""
    ktg = prepare()
    import numpy as np
    import tensorflow as tf

    model = ktg.load_gan(HERE / "gan.keras")
    folder = HERE / "exported_saved_model"
    shutil.rmtree(folder, ignore_errors=True)
    ktg.export_saved_model(model, folder, card="# A fixture of version 0.1.0\n")
    (folder / "assets").rmdir()  # empty, and git has no empty folders
    latents = np.random.default_rng(2).standard_normal((2, 8)).astype(np.float32)
    loaded = tf.saved_model.load(str(folder))
    read = ktg.load_gan(str(folder))
    write_npz(HERE / "exported_saved_model_expected.npz", {
        "latents": latents, "serve": loaded.serve(tf.constant(latents))["images"].numpy(),
        "uint8": loaded.uint8(tf.constant(latents))["images"].numpy(),
        "images": read.generate(4, seed=0),
    })  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ verify


def same(found, name):
    """Checks arrays against an .npz file: the same names (of those in `found`) and bits."""
    import numpy as np

    with np.load(HERE / name) as expected:
        wrong = [key for key, value in found.items() if not np.array_equal(np.asarray(value), expected[key])]
    assert not wrong, (name, wrong[:5], len(wrong))
    print(f"ok: {name}, {len(found)} arrays")


def verify_gan():
    ktg = prepare()
    model = ktg.load_gan(HERE / "gan.keras")
    plain = {"images": model.generate(4, seed=0), "images_not_averaged": model.generate(4, seed=0, average=False)}
    same({**plain, **weights_of(model), **digests_of(rest_of(model)), **flags_of(model)}, "gan_expected.npz")
    same({"compile_config": compiled_as(model)}, "gan_expected.npz")
    same(continued(HERE / "gan.keras", ktg.load_gan), "gan_expected.npz")


def verify_miner():
    ktg = prepare()
    model = ktg.load_gan(HERE / "miner.keras")
    made = {"images": model.generate(4, seed=0), "images_not_averaged": model.generate(4, seed=0, average=False)}
    same({
        **made, **digests_of(everything_of(model)), **flags_of(model), "compile_config": compiled_as(model),
    }, "miner_expected.npz")  # fmt: skip
    same(continued(HERE / "miner.keras", ktg.load_gan), "miner_expected.npz")


def verify_vae():
    ktg = prepare()
    for name in ("vae", "vae_mixture"):
        model = ktg.load_vae(HERE / f"{name}.keras")
        mean, log_var = model.encode(pictures()[:4])
        bound = model.evaluate(pictures()[:4], samples=4, seed=0, return_dict=True)
        same({
            "images": model.generate(4, seed=0), "z_mean": mean, "z_log_var": log_var,
            "reconstructed": model.reconstruct(pictures()[:4]), **flags_of(model),
            **{f"evaluate_{key}": value for key, value in bound.items()},
            **digests_of(everything_of(model)), "compile_config": compiled_as(model),
        }, f"{name}_expected.npz")  # fmt: skip
        same(continued(HERE / f"{name}.keras", ktg.load_vae), f"{name}_expected.npz")


def _verify_continued(name, with_run=True):
    with tempfile.TemporaryDirectory() as folder:
        inputs_of(name, folder, with_run)
        os.chdir(folder)
        metrics = run_once(name)
        model, found, _ = final_of(name, folder)
        same({**found, "images": model.generate(4, seed=0)}, f"{name}_final.npz")
        if name == "run_gan":
            import keras_transfer_gen as ktg

            chosen = ktg.load_gan(name)
            assert chosen.kimg == metrics["best_kimg"]
            same({"best_kimg": chosen.kimg, "best_images": chosen.generate(4, seed=0)}, f"{name}_final.npz")
        os.chdir(HERE)


def verify_run_gan():
    _verify_continued("run_gan")


def verify_run_vae():
    _verify_continued("run_vae")


def verify_run_gan_in_one_piece():
    """The same settings, never interrupted."""
    _verify_continued("run_gan", with_run=False)


def verify_run_vae_in_one_piece():
    _verify_continued("run_vae", with_run=False)


def verify_run_finished():
    prepare()
    import keras_transfer_gen as ktg

    os.chdir(HERE)
    model = ktg.load_gan("run_finished")
    same({"images": model.generate(4, seed=0), **digests_of(weights_of(model))}, "run_finished_expected.npz")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("run_finished", Path(folder, "run_finished"))
        os.chdir(folder)
        run = Path("run_finished")
        (run / "export/saved_model/1").mkdir(parents=True)
        (run / "curves.png").touch()
        recipe, settings = recipe_of("run_finished")
        assert recipe(settings) == json.loads((run / "metrics.json").read_text())
        os.chdir(HERE)
    print("ok: run_finished is known to have finished")


def verify_exported():
    ktg = prepare()
    import numpy as np
    import tensorflow as tf

    folder = str(HERE / "exported_saved_model")
    with np.load(HERE / "exported_saved_model_expected.npz") as expected:
        latents = expected["latents"]
    generator, _ = ktg.load_generator(folder)
    loaded = tf.saved_model.load(folder)
    same({
        "serve": loaded.serve(tf.constant(latents))["images"], "uint8": loaded.uint8(tf.constant(latents))["images"],
        "images": ktg.load_gan(folder).generate(4, seed=0),
    }, "exported_saved_model_expected.npz")  # fmt: skip
    same({"serve": generator(latents)}, "exported_saved_model_expected.npz")


MAKE = (
    data, source, gan, miner, vae, run_gan, run_gan_final, run_vae, run_vae_final, run_finished, exported_saved_model,
)  # fmt: skip
VERIFY = (
    verify_gan, verify_miner, verify_vae, verify_run_gan, verify_run_gan, verify_run_gan_in_one_piece, verify_run_vae,
    verify_run_vae, verify_run_vae_in_one_piece, verify_run_finished, verify_exported,
)  # fmt: skip

if __name__ == "__main__":
    names = sys.argv[1:]
    if len(names) == 1 and names[0] in globals() and names[0] not in ("make", "verify"):
        globals()[names[0]]()
    else:
        steps = {"make": MAKE, "verify": VERIFY}
        todo = [s.__name__ for n in names or ("make", "verify") for s in steps.get(n, ())] or names
        for step in todo:
            print(f"--- {step}", flush=True)
            subprocess.run([sys.executable, str(Path(__file__).resolve()), step], check=True)
