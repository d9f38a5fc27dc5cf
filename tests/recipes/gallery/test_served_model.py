import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.gallery import served_model
from keras_transfer_gen.recipes.gallery.served_model import CHUNK, ImageKey, open_served
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.resolve import resolve_model


def pixel(png):
    return tuple(np.asarray(Image.open(io.BytesIO(png)))[0, 0])


def test_images_are_those_of_their_seed_number_and_class_and_neighbours_are_generated_with_them(models):
    model = models[0]
    assert pixel(model.png(model.key(5, 40, "black"))) == (40, 1, 5)
    assert pixel(model.png(model.key(5, 33, 1))) == (33, 1, 5)
    assert model.generator.calls == [(CHUNK, 5, 0.5, 1, 32)]
    assert pixel(model.png(model.key(5, 0))) == (0, 0, 5)


def test_keys_are_checked(models):
    assert models[0].key(1, 2, "0", 1) == ImageKey(1, 2, 0, 1.0)
    for arguments in [(-1, 0), (0, -1), (2**64, 0), (0, 2**40), (1.5, 0), (True, 0), (0, 0, 2), (0, 0, "lion")]:
        with pytest.raises(UserError):
            models[0].key(*arguments)
    for truncation in (0, 1.01, float("nan")):
        with pytest.raises(UserError, match="truncation"):
            models[0].key(0, 0, None, truncation)


def test_what_is_kept_is_bounded_and_the_oldest_goes_first(models, monkeypatch):
    model = models[1]
    size = sum(len(model.png(model.key(0, number))) for number in range(CHUNK))
    monkeypatch.setattr(served_model, "MOST_BYTES", int(2.5 * size))
    for seed in (1, 0, 2, 3):
        model.png(model.key(seed, 0))
    assert [chunk[0] for chunk in model._chunks] == [2, 3]
    assert model._bytes == sum(len(png) for images in model._chunks.values() for png in images)


def test_the_same_images_are_generated_once_for_many_at_a_time(models):
    model, images = models[1], []
    threads = [threading.Thread(target=lambda: images.append(model.png(model.key(9, 1)))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(images) == 20 and len(set(images)) == 1 and len(model.generator.calls) == 1


def test_files_of_the_run_are_shown_and_nothing_else(models, run_folder):
    assert models[0].file("samples/a.png") == (run_folder / "samples" / "a.png").resolve()
    assert models[0].file("samples/../README.md").name == "README.md"
    outside = ("../secret.json", "samples/../../secret.json", str(run_folder.parent / "secret.json"), "link.json")
    for name in (*outside, "../cats_too/b.png"):
        with pytest.raises(PermissionError):
            models[0].file(name)
    for name in ("model.keras", "samples", "nothing.png", "", "a\0.png"):
        with pytest.raises(FileNotFoundError):
            models[0].file(name)
    with pytest.raises(FileNotFoundError):
        models[1].file("README.md")


def test_a_run_is_served_from_its_export_with_its_card(finished):
    model, gan = open_served(resolve_model(str(finished.out))), load_gan(finished.out)
    assert model.name == Path(finished.out).name and str(model.folder) == str(finished.out)
    assert type(model.generator).__name__ == "ServedGenerator" and model.card.startswith("# ")
    image = np.asarray(Image.open(io.BytesIO(model.png(model.key(3, 34)))))
    assert np.abs(image.astype(int) - gan.generate(1, seed=3, start=34)[0]).max() <= 1


def test_other_models_have_no_files_and_may_have_no_card(source_file):
    model = open_served(resolve_model(str(source_file)))
    assert (model.folder, model.card, model.name) == (None, "", str(source_file))
