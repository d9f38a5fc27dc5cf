import importlib.util
import types

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.inputs import subjects


def test_missing_and_too_new_opencv_name_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(checks.UserImportError, match=r"pip install 'keras-transfer-gen\[prepare\]'"):
        subjects.require_opencv()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(importlib, "import_module", lambda name: types.SimpleNamespace(__version__="5.0.0"))
    with pytest.raises(checks.UserImportError, match=r"OpenCV 5.0.0 has no face cascades"):
        subjects.require_opencv()


def test_crop_lies_around_the_largest_face_and_inside_the_image():
    class Cascade:
        def __init__(self, path):
            assert path.endswith("haarcascade_frontalface_alt2.xml")

        def detectMultiScale(self, grey, *arguments, minSize):  # noqa: N802, N803  OpenCV's names
            assert grey.shape == (320, 640)
            return [(10, 10, 40, 40), (300, 100, 100, 100)]

    cv2 = types.SimpleNamespace(
        CascadeClassifier=Cascade, data=types.SimpleNamespace(haarcascades="/data"), COLOR_RGB2GRAY=0,
        cvtColor=lambda image, code: image[..., 0], equalizeHist=lambda grey: grey,
    )  # fmt: skip
    box = subjects.find_face(Image.new("RGB", (1280, 640)), cv2)
    left, top, right, bottom = box
    assert right - left == bottom - top == 380 and (left + right) / 2 == 700 and (top + bottom) / 2 == 290
    Cascade.detectMultiScale = lambda *arguments, **more: ()
    assert subjects.find_face(Image.new("RGB", (64, 64)), cv2) is None


def test_squares_are_moved_and_made_smaller_to_lie_inside():
    assert subjects.square_inside((50, 50), 20, (100, 100)) == (40, 40, 60, 60)
    assert subjects.square_inside((99, 1), 20, (100, 100)) == (80, 0, 100, 20)
    assert subjects.square_inside((5, 5), 50, (10, 8)) == (1, 0, 9, 8)


def test_background_is_painted_over():
    mask = np.zeros((4, 4), np.float32)
    mask[1:3, 1:3] = 1.0
    image = subjects.without_background(Image.new("RGB", (4, 4), "red"), mask, (0, 0, 255))
    assert image.getpixel((1, 1)) == (255, 0, 0) and image.getpixel((0, 0)) == (0, 0, 255)
    assert subjects.subject_square(mask) == (1, 1, 3, 3)


def test_real_opencv_finds_a_disc_and_nothing_in_a_plain_image():
    cv2 = pytest.importorskip("cv2", reason="the extra `prepare` brings OpenCV")
    if not cv2.__version__.startswith("4."):
        pytest.skip("the extra `prepare` brings version 4, which has face cascades")
    rows, columns = np.mgrid[:120, :160]
    disc = (rows - 60) ** 2 + (columns - 50) ** 2 < 30**2
    pixels = np.random.default_rng(0).normal(200, 4, (120, 160, 3)).clip(0, 255)
    pixels[disc] = (200, 30, 30)
    image = Image.fromarray(pixels.astype(np.uint8))
    mask = subjects.find_subject(image, cv2)
    assert mask.shape == (120, 160) and (mask[disc] > 0.5).mean() > 0.9 and (mask[~disc] > 0.5).mean() < 0.05
    left, top, right, bottom = subjects.subject_square(mask)
    assert abs(left - 17) < 8 and abs(right - 83) < 8 and abs(top - 27) < 8
    assert subjects.find_subject(Image.new("RGB", (64, 64), "white"), cv2) is None
    assert subjects.find_face(Image.new("RGB", (64, 64), "white"), subjects.require_opencv()) is None
