"""Every format of every kind of model, loaded in a fresh process that can import neither this package nor Keras."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.numbered_images import has_truncation
from keras_transfer_gen.export.onnx_file import run_onnx, write_onnx
from keras_transfer_gen.export.openvino_folder import run_openvino, write_openvino
from keras_transfer_gen.export.parity import ExportError, fidelity
from keras_transfer_gen.export.safetensors_file import write_safetensors
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.web.write import SINGLE, write_web
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads
from keras_transfer_gen.recipes.models.export import load_exported, servable_of
from keras_transfer_gen.recipes.models.export_web import measure_page, serve_function, served_inputs
from keras_transfer_gen.recipes.models.load import load_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import render_numbered
from tests import generator_fixtures
from tests.chromium import chromium, needs_chromium
from tests.export.small_models import SPEC, STYLE_SPEC, small_generator, small_style_generator

KINDS = ("generator", "labels", "vae", "adapted", "heads", "style")
COUNT = 6
NO_INT8 = {"style"}  # styles that scale channels have too wide a range: 12 dB here, which is refused
TOLERANCES = {"saved_model": 1e-5, "none": 1e-3, "float16": 2 / 127.5}  # of images in [-1, 1]
READER = """
import json, sys
for name in ("keras_transfer_gen", "keras", "tf_keras"):
    sys.modules[name] = None
import warnings
warnings.simplefilter("ignore")
import numpy as np, tensorflow as tf
try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    Interpreter = tf.lite.Interpreter
paths, outputs = json.loads(sys.argv[1]), {}
for kind, files in paths.items():
    inputs = dict(np.load(files["inputs"]))
    signatures = tf.saved_model.load(files["saved_model"]).signatures
    images = signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})["images"]
    outputs[f"{kind}/saved_model"] = images.numpy()
    for truncation in (1.0, 0.25):
        numbers = {"num": tf.constant(2), "seed": tf.constant(3), "truncation": tf.constant(truncation)}
        label = {"label": tf.constant(1)} if "labels" in inputs else {}
        outputs[f"{kind}/generate/{truncation}"] = signatures["generate"](**numbers, **label)["images"].numpy()
    for quantize in {"none", "float16", "int8"} & {*files}:
        run = Interpreter(files[quantize]).get_signature_runner()
        batch = int(run.get_input_details()["latents"]["shape"][0])
        outputs[f"{kind}/{quantize}"] = np.concatenate([
            run(**{name: value[i : i + batch] for name, value in inputs.items()})["images"].copy()
            for i in range(0, len(inputs["latents"]), batch)
        ])
np.savez("outputs.npz", **outputs)
"""


@pytest.fixture(scope="module")
def every_servable(servables):
    """{kind: `Servable`} of all kinds of models."""
    adapted, spec = load_generator(generator_fixtures.folder_of("labelled"))
    for number, variable in enumerate(adapted.trainable_variables):  # as training would
        noise = np.random.default_rng(number).standard_normal(variable.shape)
        variable.assign(variable + 0.05 * noise.astype(np.float32))
    judged = build_feature_heads(build_dcgan_discriminator(28, max_channels=16, min_channels=8), width=4)
    gan = GAN(small_generator(), judged, spec=SPEC)
    return {
        **servables, "adapted": generator_servable(adapted, spec), "heads": servable_of(load_exported(gan)),
        "style": generator_servable(small_style_generator(), STYLE_SPEC),
    }  # fmt: skip


@pytest.fixture(scope="module")
def inputs(every_servable):
    """{kind: {input: ndarray}}, other ones than those on which exports are compared."""
    rng = np.random.default_rng(5)
    rows = {}
    for kind, servable in every_servable.items():
        rows[kind] = {"latents": rng.standard_normal((COUNT, servable.spec.latent_dim)).astype(np.float32)}
        if servable.spec.num_classes:
            rows[kind]["labels"] = (np.arange(COUNT) % servable.spec.num_classes).astype(np.int32)
        if has_truncation(servable.functions["serve"]):
            rows[kind]["truncation"] = np.full(COUNT, 0.7, np.float32)
    return rows


@pytest.fixture(scope="module")
def outputs(every_servable, inputs, saved_models, tflite_files, tmp_path_factory):
    """{"kind/format": images} that the fresh process wrote."""
    folder = tmp_path_factory.mktemp("matrix")
    paths = {kind: {"inputs": folder / f"{kind}.npz"} for kind in KINDS}
    for kind, servable in every_servable.items():
        np.savez(paths[kind]["inputs"], **inputs[kind])
        if kind in saved_models:
            paths[kind] |= {"saved_model": saved_models[kind], "none": tflite_files[kind, "sampler"]}
        else:
            paths[kind]["saved_model"] = write_saved_model(servable, folder / kind / "1")
        for quantize in {"none", "float16", "int8"} - {*paths[kind]} - ({"int8"} if kind in NO_INT8 else set()):
            paths[kind][quantize] = write_tflite(servable, folder / f"{kind}_{quantize}.tflite", quantize=quantize)
    command = [sys.executable, "-c", READER, json.dumps(paths, default=str)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(folder / "outputs.npz"))


def expected(servable, rows):
    """What the float32 copy of the Keras model gives."""
    function = servable.functions["serve"]
    return np.asarray(function.compute(*(rows[spec.name] for spec in function.inputs))["images"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_images_of_the_model(kind, every_servable, inputs, outputs):
    images = expected(every_servable[kind], inputs[kind])
    assert images.std() > 0.01  # an empty image would agree with anything
    for form, tolerance in TOLERANCES.items():
        assert np.abs(outputs[f"{kind}/{form}"] - images).max() <= tolerance, form
    assert kind in NO_INT8 or fidelity({"images": images}, {"images": outputs[f"{kind}/int8"]}) >= 30


@pytest.mark.parametrize("kind", ["labels", "adapted", "style"])
def test_labels_act_in_every_format(kind, every_servable, inputs, outputs):
    rows = inputs[kind]
    others = {**rows, "labels": (rows["labels"] + 1) % every_servable[kind].spec.num_classes}
    images = expected(every_servable[kind], others)
    for form in TOLERANCES if kind in NO_INT8 else (*TOLERANCES, "int8"):
        assert np.abs(outputs[f"{kind}/{form}"] - images).max() > 10 * TOLERANCES["none"], form


@pytest.mark.parametrize("kind", KINDS)
def test_truncation_acts(kind, outputs):
    whole, less = (outputs[f"{kind}/generate/{truncation}"].astype(float) for truncation in (1.0, 0.25))
    assert whole.shape == less.shape and np.abs(whole - less).max() > 2


WRITERS = {  # package -> (function that writes, function that runs)
    "onnxruntime": (write_onnx, run_onnx),
    "openvino": (write_openvino, run_openvino),
}


@pytest.mark.parametrize("package", WRITERS)
def test_other_runtimes_give_the_images_of_the_model(package, every_servable, inputs, tmp_path):
    if not all(map(importlib.util.find_spec, (package, "tf2onnx") if package == "onnxruntime" else (package,))):
        pytest.skip(f"{package} is not installed")
    write, run = WRITERS[package]
    for kind, servable in every_servable.items():
        images = run(importlib.import_module(package), write(servable, tmp_path / kind), inputs[kind])["images"]
        np.testing.assert_allclose(images, expected(servable, inputs[kind]), atol=1e-3, err_msg=kind)


@pytest.mark.parametrize("kind", KINDS)
def test_safetensors_hold_the_weights_bit_by_bit(kind, every_servable, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    servable = every_servable[kind]
    arrays = numpy.load_file(str(write_safetensors(servable, tmp_path / "a.safetensors")))
    weights = [variable.numpy() for network in servable.networks.values() for variable in network.variables]
    assert sorted((w.shape, w.tobytes()) for w in weights) == sorted((a.shape, a.tobytes()) for a in arrays.values())


def test_pages_of_adapted_models_and_of_those_with_feature_heads_give_the_images_of_the_model(every_servable, tmp_path):
    """Those of the other kinds: `web/test_pages_in_chromium.py`."""
    needs_chromium()
    for kind in ("adapted", "heads"):
        servable = every_servable[kind]
        page_folder = write_web(servable, tmp_path / kind, measure_page(servable, kind))
        inputs = served_inputs(servable)
        with chromium(tmp_path / f"profile_{kind}") as page:
            page.open((page_folder / SINGLE).as_uri())
            page.run("ktg.ready")
            for seed in (0, 9):
                image = np.array(page.run(f"Array.from(ktg.generate({seed}))")).reshape(-1, 4)[:, :3]
                wanted = render_numbered(
                    serve_function(servable), [0], servable.spec, seed, servable.spec.truncation, inputs=inputs
                )[0].astype(int)
                assert np.abs(image - wanted.reshape(len(image), -1)).max() <= 2
            assert page.complaints == []


def test_int8_that_is_too_far_is_refused(every_servable, tmp_path):
    with pytest.raises(ExportError, match=r"\(int8\) differs from the Keras model by a PSNR of .*at least 30 dB"):
        write_tflite(every_servable["style"], tmp_path / "a.tflite", quantize="int8")
    assert list(tmp_path.iterdir()) == []
