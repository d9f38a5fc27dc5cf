import numpy as np

from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.class_sheets import GAP, draw_class_rows, draw_sheet, name_rows, shown_classes

PLAIN = ModelSpec(image_size=16, channels=3, latent_dim=4)
NAMED = ModelSpec(image_size=16, channels=3, latent_dim=4, class_names=["birds", "people", "flags"])


class Painter:
    """Makes images whose level is the class times ten, plus the number of the image."""

    def __init__(self, spec):
        self.spec = spec

    def generate(self, num, seed=0, label=None):
        levels = np.arange(num) + 10 * (0 if label is None else label)
        return np.broadcast_to(levels[:, None, None, None], (num, 16, 16, 3)).astype(np.uint8)


def test_plain_model_fills_a_square():
    assert draw_sheet(Painter(PLAIN), 4).shape == (32, 32, 3)


def test_each_class_has_a_row_of_its_own_with_its_name():
    sheet = draw_sheet(Painter(NAMED), 12)
    assert sheet.shape[0] == 3 * 16
    images = sheet[:, sheet.shape[1] - 4 * 16 :]
    assert images[8::16, 8::16, 0].tolist() == [[10 * row + column for column in range(4)] for row in range(3)]
    names = sheet[:, : sheet.shape[1] - 4 * 16]
    assert all(names[16 * row : 16 * (row + 1), GAP:].min() < 100 for row in range(3)) and (names[:, 0] == 255).all()


def test_images_stand_in_the_rows_of_their_classes():
    images = np.broadcast_to(np.arange(5)[:, None, None, None], (5, 16, 16, 3)).astype(np.uint8)
    sheet = draw_class_rows(images, np.array([2, 0, 0, 2, 0]), NAMED, columns=2)
    cells = sheet[8::16, sheet.shape[1] - 2 * 16 :][:, 8::16, 0]
    assert cells.tolist() == [[1, 2], [255, 255], [0, 3]]


def test_long_names_are_cut_and_many_classes_are_spread():
    row = np.zeros((2, 16, 16, 1), np.uint8)
    assert name_rows([row], ["a very long name of a class " * 9]).shape == (16, 32 + 120 + 2 * GAP, 1)
    assert shown_classes(3).tolist() == [0, 1, 2]
    many = shown_classes(1000)
    assert len(many) == 24 and many[0] == 0 and many[-1] == 999
