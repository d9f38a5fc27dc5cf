import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.gallery.editor import Edit, Editor, UploadLatents
from keras_transfer_gen.recipes.gallery.served_model import ImageKey, ServedModel
from keras_transfer_gen.recipes.latent_tools.directions import scaled_directions
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.projected import noise_maps
from keras_transfer_gen.recipes.models.load import load_gan


@pytest.fixture(scope="module")
def spaces(source_file, style_file, vae_file):
    return {name: open_space(file) for name, file in (("z", source_file), ("w", style_file), ("vae", vae_file))}


@pytest.fixture(scope="module")
def editors(spaces):
    editors = {name: Editor(lambda space=space: space) for name, space in spaces.items()}
    yield editors
    for editor in editors.values():
        editor.close()


def pixels_of(content):
    return tf.io.decode_png(content).numpy().astype(int)


def key(number, seed=0, label=None):
    return ImageKey(seed, number, label, 1.0)


def assert_near(content, image):
    assert np.abs(pixels_of(content) - image).max() <= 1  # in a batch of another size


def test_what_can_be_done_depends_on_the_model(editors):
    assert editors["z"].describe() == {"space": "z", "layers": 0, "directions": 8, "encodes": False}
    assert editors["w"].describe() == {"space": "w", "layers": 6, "directions": 8, "encodes": False}
    assert editors["vae"].describe()["encodes"]


def test_an_image_without_an_edit_is_that_of_the_gallery(editors, spaces, source_file):
    served = ServedModel("a", load_gan(source_file))
    assert_near(editors["z"].png(Edit(key(35, seed=4))), pixels_of(served.png(served.key(4, 35))))


def test_images_move_along_directions_and_towards_another(editors, spaces):
    space, editor = spaces["z"], editors["z"]
    start, end = space.draw([3, 5])
    directions, _ = scaled_directions(space)
    wanted = start + 1.5 * directions[2] - 2 * directions[0]
    assert_near(editor.png(Edit(key(3), moves=((2, 1.5), (0, -2.0)))), space.images(wanted[None])[0])
    assert_near(editor.png(Edit(key(3), key(5), 1.0)), space.images(end[None])[0])
    halves = [editor.png(Edit(key(a), key(b), 0.5)) for a, b in ((3, 5), (5, 3))]
    assert_near(halves[0], pixels_of(halves[1]))
    assert np.abs(pixels_of(halves[0]) - space.images(start[None])[0]).max() > 1


def test_styles_are_copied_in_some_layers(editors, spaces):
    styles = spaces["w"].draw([3, 5])
    mixed = styles[0].copy()
    mixed[[0, 1]] = styles[1][[0, 1]]
    assert_near(editors["w"].png(Edit(key(3), key(5), layers="0-1")), spaces["w"].images(mixed[None])[0])
    with pytest.raises(checks.UserError, match="`layers` must be left out for this model"):
        editors["z"].png(Edit(key(3), key(5), layers="0-1"))
    with pytest.raises(checks.UserError, match="`layers` must be numbers from 0 to 5"):
        editors["w"].png(Edit(key(3), key(5), layers="6"))


def test_noise_of_an_upload_is_shown_with_it_and_not_later(editors, spaces):
    space, editor = spaces["w"], editors["w"]
    before = editor.png(Edit(key(3)))
    noise = {path: np.full(variable.shape, 3.0, np.float32) for path, variable in noise_maps(space).items()}
    own = editor.png(Edit(UploadLatents(space.draw([3])[0], noise, None)))
    assert np.abs(pixels_of(own) - pixels_of(before)).max() > 1
    assert editor.png(Edit(key(3))) == before


def test_an_upload_without_a_class_is_of_the_usual_one(spaces):
    space = spaces["z"]
    two_classes = dataclasses.replace(space, spec=dataclasses.replace(space.spec, num_classes=2))
    editor = Editor(lambda: two_classes)
    (latents,) = space.draw([3])
    assert_near(editor.png(Edit(UploadLatents(latents, {}, None))), space.images(latents[None])[0])
    editor.close()


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Edit(key(0), key(1), 1.5), "`share` must be"),
        (Edit(key(0), moves=((8, 1.0),)), "`direction` must be an integer from 0 to 7"),
        (Edit(key(0), moves=(("x", 1.0),)), "`direction` must be"),
        (Edit(key(0), moves=((0, float("nan")),)), "`strength` must be"),
        (Edit(key(0), moves=((0, 101.0),)), "`strength` must be"),
    ],
)
def test_edits_that_can_not_be_are_refused(editors, edit, text):
    with pytest.raises(checks.UserError, match=text):
        editors["z"].png(edit)


def test_a_model_whose_latents_can_not_be_opened_is_refused_each_time():
    def fail():
        raise checks.UserError("no latents")

    editor = Editor(fail)
    for _ in range(2):
        with pytest.raises(checks.UserError, match="no latents"):
            editor.describe()
    editor.close()
