import dataclasses
import json
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.export.run_tflite import open_interpreter
from keras_transfer_gen.export.tflite_metadata import read_tflite_metadata
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.output.folder_checks import MARK
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from tests import generator_fixtures
from tests.conditional_fixtures import colour_gan, conditional_toy
from tests.saved_model_fixtures import folder_of, saved


def test_generate_writes_numbered_images_of_every_kind_of_model(ktg, finished, tmp_path, read_folder):
    run, out = RunFolder(finished.out), tmp_path / "images"
    expected = load_gan(finished.out).generate(3, seed=5)
    for number, model in enumerate((finished.out, run.best / "gan.keras", run.saved_model)):
        result = ktg("generate", model, "--num", 3, "--seed", 5, "--out", out)
        replaced = f"replaced 3 earlier images in {out}\n" if number else ""
        assert (result.exit_code, result.stderr, result.stdout) == (0, replaced, f"wrote 3 images to {out}\n")
        check_parity(expected, read_folder(out))
    assert sorted(os.listdir(out)) == [MARK, "00000.png", "00001.png", "00002.png"]


def test_generate_also_writes_a_grid_and_json(ktg, ktg_json, source_file, tmp_path, read_folder):
    out = tmp_path / "images"
    arguments = ("generate", source_file, "--num", 2, "--out", out, "--grid", tmp_path / "grid.png")
    assert ktg_json(*arguments, "--truncation", 0.5) == {
        "model": str(source_file), "num": 2, "seed": 0, "out": str(out), "grid": str(tmp_path / "grid.png"),
        "dry_run": False, "replaced": 0,
    }  # fmt: skip
    for option in ("--dry-run", "--seed=1"):
        result = ktg(*arguments[:-2], option, "--json")
        assert json.loads(result.stdout)["replaced"] == 2 and "replace" in result.stderr
    assert result.stderr == f"replaced 2 earlier images in {out}\n"
    ktg(*arguments, "--truncation", 0.5)
    assert np.array_equal(read_folder(out), load_gan(source_file).generate(2, truncation=0.5))
    assert tf.io.decode_png((tmp_path / "grid.png").read_bytes()).shape == (32, 64, 3)


def test_one_image_is_no_plural(ktg, source_file, tmp_path):
    for option, verb in (("--dry-run", "would write"), ("--seed=0", "wrote")):
        result = ktg("generate", source_file, "--num", 1, "--out", tmp_path / "images", option)
        assert result.stdout == f"{verb} 1 image to {tmp_path / 'images'}\n"


def test_files_that_cannot_be_written_are_named_by_their_own_option(refused, source_file, tmp_path):
    (tmp_path / "file").write_text("")
    sheet = tmp_path / "file" / "sheet.png"
    line = refused("generate", source_file, "--num", 1, "--out", tmp_path / "images", "--grid", sheet)
    assert line.endswith("Choose another path with --grid.")


def test_generate_makes_images_of_one_class(ktg_json, refused, tmp_path, read_folder):
    folder, out = generator_fixtures.folder_of("labelled"), tmp_path / "images"
    assert ktg_json("generate", folder, "--num", 2, "--out", out, "--class", 3)["class"] == 3
    assert np.array_equal(read_folder(out), open_model(folder).generate(2, label=3))
    line = refused("generate", folder, "--num", 2, "--out", out, "--class", 5, "--dry-run")
    assert "`class` must be an integer from 0 to 4" in line


@pytest.fixture(scope="module")
def styled(tmp_path_factory):
    """A GAN with three classes, one of them another one's form in the style "wild"."""
    with conditional_toy():
        gan = colour_gan()
        gan.spec = dataclasses.replace(gan.spec, class_names=["red", "red_wild", "blue_wild"])
        path = tmp_path_factory.mktemp("styled") / "gan.keras"
        gan.save(path)
        yield path


def test_generate_makes_images_of_one_style(ktg_json, refused, styled, tmp_path, read_folder):
    out, every = tmp_path / "images", ("generate", styled, "--num", 12, "--style", "wild")
    assert ktg_json(*every, "--class", "red", "--out", out)["class_name"] == "red_wild"
    assert np.array_equal(read_folder(out), load_gan(styled).generate(12, label="red_wild"))
    outcome = ktg_json(*every, "--out", out, "--grid", tmp_path / "grid.png")
    assert outcome["style"] == "wild" and "class" not in outcome
    labels = [line.split(",")[1] for line in (out / "labels.csv").read_text().splitlines()[1:]]
    assert set(labels) == {"red_wild", "blue_wild"}
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.height == 2 * 8
    channels = read_folder(out).mean((1, 2)).argmax(-1)  # the class decides which is brightest
    assert [("red", "red_wild", "blue_wild")[channel] for channel in channels] == labels
    line = refused("generate", styled, "--style", "mild", "--class", "red", "--out", out)
    assert "`style` must be a style of the class red: wild. Received: style='mild'" in line


def test_generate_dry_run_writes_nothing(ktg, source_file, tmp_path):
    result = ktg("generate", source_file, "--num", 2, "--out", tmp_path / "images", "--dry-run")
    assert result.stdout == f"would write 2 images to {tmp_path / 'images'}\n" and os.listdir(tmp_path) == []


@pytest.mark.parametrize(("options", "text"), [
    (("--num", 0), "`num` must be an integer of at least 1"),
    (("--seed", -1), "`seed` must be an integer of at least 0"),
    (("--class", 0), "`class` must be left out for this model"),
    (("--truncation", 0), "`truncation` must be a number above 0"),
    (("--temperature", 0), "`temperature` must be a number above 0"),
    (("--top-k", 5), "`top_k` must be left out for this model. Received: top_k=5. It is for token models (VQ-VAEs)."),
    (("--guidance", 1.5), "Leave out --guidance; --truncation 0.7"),
    (("--style", "wild"), "`style` must be left out: the classes of this model have no styles"),
    (("--truncation", 1.5), "`truncation` must be at most 1"),
    (("--grid", "{tmp}/images/grid.png"), "`grid` must be a file outside --out"), (("--grid", "{tmp}"), "not a folder"),
    (("--out", "{tmp}"), "a new or empty folder, or one that an earlier"),
    (("--out", "{tmp}/photo.jpg"), "`out` must be a folder"),
    (("--out", "{tmp}/photo.jpg/images"), "cannot write"),
])  # fmt: skip
def test_generate_refuses_on_one_line_and_leaves_everything(refused, source_file, tmp_path, options, text):
    (tmp_path / "photo.jpg").write_text("dear")
    options = [str(option).format(tmp=tmp_path) for option in options]
    assert text in refused("generate", source_file, "--num", 1, "--out", tmp_path / "images", *options)
    assert os.listdir(tmp_path) == ["photo.jpg"] and (tmp_path / "photo.jpg").read_text() == "dear"


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_measures_each_class(ktg, ktg_json, refused, tmp_path, sample_images):
    folder, data = generator_fixtures.folder_of("labelled"), tmp_path / "images.npz"
    np.savez(data, images=sample_images, labels=np.arange(12) % 3)
    arguments = ("evaluate", folder, "--data", data, "--num", 12)
    assert list(ktg_json(*arguments, "--labels", "own")["per_class"]) == ["0", "1", "2"]
    assert "\nclass\tKID x 1000\trecognised\tof real images\n0\t" in ktg(*arguments, "--labels", "own").stdout
    line = refused(*arguments, "--labels", "folders")
    assert "`labels` must be another form for these images" in line and "--labels own" in line
    assert "`labels` must be" in refused("generate", folder, "--out", tmp_path / "x", "--labels", "folders")


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_measures_every_kind_of_model(ktg_json, finished, shared_image_folder):
    of_run, of_export = (
        ktg_json("evaluate", model, "--data", shared_image_folder, "--num", 12)["kid"]["value"]
        for model in (finished.out, RunFolder(finished.out).saved_model)
    )
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    second = ktg_json(
        "evaluate", finished.out, "--data", shared_image_folder, "--num", 12, "--network", "movenet_lightning"
    )
    assert second["kid"]["feature_network"] == "movenet_lightning" and second["kid"]["input_size"] == 192
    assert of_run == pytest.approx(metrics["kid_after"]["value"]) and of_export == pytest.approx(of_run, abs=1.0)


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_compares_two_folders(ktg, ktg_json, shared_image_folder, tmp_path):
    options = ("--fake", shared_image_folder, "--real", shared_image_folder, "--image-size", 32)
    result = ktg("evaluate", *options, "--neighbours", tmp_path / "n.png")
    assert result.exit_code == 0 and "near-copies\t100.0 %\t" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"against 12 images of {shared_image_folder}")
    assert "precision, recall, density and coverage mislead with few images: 12 " in result.stderr
    assert "train" not in result.stdout
    memorisation = ktg_json("evaluate", *options)["memorisation"]
    assert memorisation["real_count"] == 12 and not [name for name in memorisation if "train" in name]
    assert tf.io.decode_png((tmp_path / "n.png").read_bytes()).shape == (96, 408, 3)


def test_evaluate_dry_run_says_what_would_be_compared(ktg, ktg_json, source_file, shared_image_folder):
    result = ktg("evaluate", source_file, "--data", shared_image_folder, "--dry-run")
    assert result.stdout.splitlines()[0] == "generated\t500" and "real\t12" in result.stdout
    planned = ktg_json("evaluate", "--fake", shared_image_folder, "--real", shared_image_folder, "--dry-run")
    assert (planned["generated"], planned["of"]) == (12, str(shared_image_folder))


@pytest.mark.parametrize(("arguments", "text"), [
    ((), "give a MODEL and --data, or --fake and --real"), (("{model}",), "give a MODEL and --data"),
    (("{model}", "--data", "{data}", "--fake", "{data}"), "give a MODEL and --data"),
    (("--fake", "{data}"), "give a MODEL"),
    (("--fake", "{data}", "--real", "{data}", "--labels", 3), "options that describe a MODEL, such as --labels"),
    (("{model}", "--data", "{data}", "--num", 9), "`num` must be an integer of at least 10"),
    (("{model}", "--data", "nowhere"), "`data` must be"),
    (("{model}", "--data", "{data}", "--network", "movenet"), "Did you mean movenet_lightning?"),
    (("--fake", "nowhere", "--real", "{data}"), "Check fake= (--fake)."),
    (("--fake", "{data}", "--real", "nowhere"), "Check real= (--real)."),
    (("nowhere", "--data", "{data}"), "`model` must be a preset"),
    (("{model}", "--data", "{few}"), "Give more images with data= or --data."),
    (("--fake", "{few}", "--real", "{data}"), "Give more images with fake= or --fake."),
    (("--fake", "{data}", "--real", "{few}"), "`real` must be at least 10 usable images"),
    (("--fake", "{data}", "--real", "{data}", "--image-size", 3), "`image_size` must be an integer from 4"),
])  # fmt: skip
def test_evaluate_refuses_on_one_line(
    refused, source_file, shared_image_folder, tmp_path, sample_images, arguments, text
):
    np.save(tmp_path / "few.npy", sample_images[:9])
    names = {"model": source_file, "data": shared_image_folder, "few": tmp_path / "few.npy"}
    assert text in refused("evaluate", *[str(argument).format(**names) for argument in arguments])


def test_export_writes_both_formats(ktg, ktg_json, finished, source_file, tmp_path):
    for model, form, out in ((finished.out, "saved_model", "serving/1"), (source_file, "tflite", "a.tflite")):
        arguments = ("export", model, "--format", form, "--out", tmp_path / out)
        assert ktg_json(*arguments, "--dry-run")["dry_run"] and not (tmp_path / out).exists()
        result = ktg(*arguments)
        assert result.exit_code == 0 and result.stdout == f"wrote and checked {tmp_path / out}\n"
    assert (tmp_path / "serving" / "1" / "saved_model.pb").is_file() and (tmp_path / "a.tflite").is_file()


@pytest.mark.parametrize(("model", "form", "out", "text"), [
    ("{model}", "gif", "{tmp}/a", "`format` must be one of 'saved_model', 'tflite'"),
    ("nowhere", "tflite", "{tmp}/a", "`model` must be a preset"),
    ("{flat}", "tflite", "{tmp}/a", "`model` must be a generator with latents"),
    ("{model}", "tflite", "{tmp}", "`out` must be a file, not a folder"),
    ("{model}", "saved_model", "{tmp}", "`out` must be a new or empty folder, or a SavedModel to replace"),
])  # fmt: skip
def test_export_refuses_on_one_line(refused, source_file, tmp_path, model, form, out, text):
    (tmp_path / "photo.jpg").write_text("dear")
    names = {"model": source_file, "flat": folder_of("tf1"), "tmp": tmp_path}
    assert text in refused("export", model.format(**names), "--format", form, "--out", out.format(**names))
    assert os.listdir(tmp_path) == ["photo.jpg"]


def test_export_fixes_the_batch_size_of_a_tflite_file_alone(ktg_json, refused, source_file, tmp_path):
    arguments = ("export", source_file, "--format")
    written = ktg_json(*arguments, "tflite", "--batch-size", 3, "--out", tmp_path / "a.tflite")
    assert written["batch_size"] == 3
    (latents,) = open_interpreter(tmp_path / "a.tflite").get_input_details()
    assert list(latents["shape"]) == [3, 16]
    for form, size, text in (("saved_model", 3, "`batch_size` must be left out with"), ("tflite", 0, "at least 1")):
        assert text in refused(*arguments, form, "--batch-size", size, "--out", tmp_path / "b")
    assert os.listdir(tmp_path) == ["a.tflite"]


def test_export_writes_the_parts_of_a_stylegan2(ktg_json, style_file, tmp_path):
    arguments = ("export", style_file, "--format", "tflite", "--part", "synthesis", "--quantize", "float16")
    assert ktg_json(*arguments, "--out", tmp_path / "a.tflite")["part"] == "synthesis"
    assert (tmp_path / "a.tflite").is_file()


def test_export_quantizes_tflite_files_and_pages_alone(ktg, ktg_json, refused, source_file, tmp_path):
    arguments = ("export", source_file, "--format")
    written = ktg_json(*arguments, "tflite", "--quantize", "int8", "--out", tmp_path / "a.tflite")
    metadata = read_tflite_metadata(tmp_path / "a.tflite")
    assert written["quantize"] == metadata["quantize"] == "int8"
    assert written["float_layers"] == metadata["float_layers"]
    page = ktg_json(*arguments, "web", "--quantize", "dynamic", "--out", tmp_path / "page")
    assert page["quantize"] == "dynamic" and (tmp_path / "page" / "single.html").is_file()
    for form, kind, text in (("saved_model", "int8", "`quantize` must be left out with"), ("tflite", "int4", "one of")):
        assert text in refused(*arguments, form, "--quantize", kind, "--out", tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == ["a.tflite", "page"]


@pytest.fixture
def third_party(tmp_path):
    """A third-party SavedModel: 6 latents to images of 32 px in [-1, 1]."""
    root = tf.Module()
    z = tf.TensorSpec((None, 6), tf.float32, name="z")
    root.__call__ = tf.function(lambda z: tf.tanh(tf.reshape(tf.tile(z, [1, 512]), (-1, 32, 32, 3))), [z])
    tf.saved_model.save(root, str(tmp_path / "model"))
    return tmp_path / "model"


def test_generate_and_evaluate_take_a_third_party_model(ktg_json, tmp_path, third_party, image_folder, read_folder):
    assert ktg_json("generate", third_party, "--num", 3, "--out", tmp_path / "images")["num"] == 3
    assert read_folder(tmp_path / "images").shape == (3, 32, 32, 3)
    assert ktg_json("evaluate", third_party, "--data", image_folder, "--num", 12, "--dry-run")["real"] == 12


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_takes_images_of_any_size_and_channels(ktg_json, shared_image_folder):
    measured = ktg_json("evaluate", saved("renderers")[0] / "unit", "--data", shared_image_folder, "--num", 12)
    assert measured["kid"]["value"] > 0 and measured["memorisation"]["real_count"] == 12


@pytest.mark.parametrize("more", [("generate", "--out", "out"), ("evaluate", "--data", "nowhere")])
def test_model_from_the_web_needs_trust(refused, more):
    line = refused(more[0], "https://tfhub.dev/google/progan-128/1", *more[1:])
    assert "`model` must be a model that you trust" in line


@pytest.mark.parametrize(("form", "name"), [("saved_model", "1"), ("tflite", "a.tflite")])
def test_export_takes_a_third_party_model_and_what_is_said_of_it(ktg, refused, third_party, tmp_path, form, name):
    arguments = ("export", third_party, "--format", form, "--out", tmp_path / name)
    assert "`latent_dim` must be 6" in refused(*arguments, "--latent-dim", 7) and not (tmp_path / name).exists()
    result = ktg(*arguments, "--latent-distribution", "uniform")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"wrote and checked {tmp_path / name}\n" and (tmp_path / name).exists()


def test_exported_third_party_model_keeps_what_was_said_of_it(ktg, ktg_json, third_party, tmp_path, read_folder):
    said, out = ("--latent-distribution", "uniform"), tmp_path / "1"
    ktg("export", third_party, "--format", "saved_model", "--out", out, *said)
    facts = ktg_json("info", out)
    assert (facts["distribution"], facts["latent_dim"], facts["image_size"]) == ("uniform", 6, 32)
    ktg("generate", third_party, "--num", 3, *said, "--out", tmp_path / "a")
    ktg("generate", out, "--num", 3, "--out", tmp_path / "b")
    check_parity(read_folder(tmp_path / "a"), read_folder(tmp_path / "b"))
