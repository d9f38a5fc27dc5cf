import io

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.output.sheet_file import add_mark, check_sheet


def png_of(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def test_marked_image_is_the_same_image():
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    marked = Image.open(io.BytesIO(add_mark(png_of(image))))
    marked.load()
    assert np.array_equal(np.asarray(marked), image) and marked.text == {"Software": "keras_transfer_gen"}


def test_new_empty_and_own_files_may_be_written(tmp_path):
    assert check_sheet(tmp_path / "new.PNG") is None
    (tmp_path / "empty.png").write_bytes(b"")
    assert check_sheet(tmp_path / "empty.png") is None
    (tmp_path / "own.png").write_bytes(add_mark(png_of(np.zeros((4, 4, 3), np.uint8))))
    assert check_sheet(tmp_path / "own.png") is None


def test_what_is_not_written_here_is_not_replaced(tmp_path):
    (tmp_path / "mine.png").write_bytes(png_of(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(
        checks.UserFileError, match=r"`preview` must be a new file, or a sheet.* is not replaced.*--preview"
    ):
        check_sheet(tmp_path / "mine.png", "preview")
    with pytest.raises(checks.UserError, match=r"`grid` must be the name of a PNG file.*Such as --grid grid\.png"):
        check_sheet(tmp_path / "grid.jpg")
    with pytest.raises(checks.UserFileError, match="`grid` must be a PNG file, not a folder"):
        check_sheet(tmp_path)
