import numpy as np
import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export.run_tflite import open_interpreter, run_tflite, run_tflite_function

RNG = np.random.default_rng(0)


def latents(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def test_any_number_of_images_comes_in_order(tflite_files, models):
    file, z = tflite_files["generator", "sampler"], latents(5, 6)  # batches of two
    images = run_tflite(file, z)
    np.testing.assert_allclose(images, models["generator"](z), atol=1e-4)
    np.testing.assert_allclose(run_tflite(file, z[3:]), images[3:], atol=1e-6)


def test_labels_are_passed_on(tflite_files, models):
    file, z, labels = tflite_files["labels", "sampler"], latents(3, 6), [2, 0, 1]
    expected = models["labels"]({"latents": z, "labels": np.array(labels)})
    np.testing.assert_allclose(run_tflite(file, z, labels), expected, atol=1e-5)


def test_other_inputs_than_those_of_the_file_are_refused(tflite_files):
    file, with_labels = tflite_files["generator", "sampler"], tflite_files["labels", "sampler"]
    for wrong in (latents(2, 9), latents(0, 6), latents(6)):
        with pytest.raises(UserError, match=r"`latents` must be an array \[N, 6\]"):
            run_tflite(file, wrong)
    with pytest.raises(UserError, match="`labels` must be left out: the file takes none"):
        run_tflite(file, latents(2, 6), [0, 1])
    with pytest.raises(UserError, match=r"`labels` must be an array \[N\], which the file takes"):
        run_tflite(with_labels, latents(2, 6))
    with pytest.raises(UserError, match=r"the same for all inputs"):
        run_tflite(with_labels, latents(2, 6), [0])


def test_several_outputs_come_by_their_names(tflite_files, models):
    images = RNG.uniform(-1, 1, (3, 28, 28, 3)).astype(np.float32)
    outputs = run_tflite_function(tflite_files["vae", "encoder"], {"images": images})
    mean, log_var = models["vae"].encoder(images, training=False)
    np.testing.assert_allclose(outputs["z_mean"], mean, atol=1e-4)
    np.testing.assert_allclose(outputs["z_log_var"], log_var, atol=1e-4)


def test_missing_and_other_files_are_refused(tmp_path):
    with pytest.raises(UserFileError, match=r"`path` must be an existing TFLite file\. Received: .*absent\.tflite"):
        run_tflite(tmp_path / "absent.tflite", latents(2, 8))
    (tmp_path / "notes.tflite").write_text("not a model")
    with pytest.raises(UserFileError, match=r"a TFLite file with builtin operators.*The interpreter says"):
        open_interpreter(tmp_path / "notes.tflite")
