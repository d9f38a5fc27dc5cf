import io

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.output.sheet_file import check_sheet, signed


def png_of(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def test_signed_image_is_the_same_image_and_tells_whose_it_is():
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    found = Image.open(io.BytesIO(signed(png_of(image))))
    found.load()
    assert np.array_equal(np.asarray(found), image) and found.text == {"Software": "keras_transfer_gen"}


def test_new_empty_and_own_files_may_be_written(tmp_path):
    assert check_sheet(tmp_path / "new.PNG") is None
    (tmp_path / "empty.png").write_bytes(b"")
    assert check_sheet(tmp_path / "empty.png") is None
    (tmp_path / "own.png").write_bytes(signed(png_of(np.zeros((4, 4, 3), np.uint8))))
    assert check_sheet(tmp_path / "own.png") is None


def test_what_is_somebody_elses_is_kept(tmp_path):
    (tmp_path / "mine.png").write_bytes(png_of(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(checks.UserFileError, match=r"`preview` must be a new file, or a sheet.* is kept.*--preview"):
        check_sheet(tmp_path / "mine.png", "preview")
    with pytest.raises(checks.UserError, match=r"`grid` must be the name of a PNG file.*Such as --grid grid\.png"):
        check_sheet(tmp_path / "grid.jpg")
    with pytest.raises(checks.UserFileError, match="`grid` must be a PNG file, not a folder"):
        check_sheet(tmp_path)
