"""Files of labels: a CSV with a header, or the dataset.json of StyleGAN -> a column of values for each name."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


FILE, LABEL = "file", "label"  # columns of a CSV
JSON_KEY = "labels"  # of a dataset.json
HEADER = f"a CSV file with the header {FILE},{LABEL} (more columns may follow)"
DATASET_JSON = 'a JSON object {"labels": [[path, class number or one-hot list], ...]}'


def read_label_file(path: PathLike, source: Path | str | None = None) -> dict[str, dict[str, Any]]:
    """The labels in a file.

    Args:
        path: of a `.csv` or `.json` file; where it does not exist as it is, it is looked for in `source`.
        source: folder or .zip of the images, or None.

    Returns:
        dict of column name -> {file name: value}. "label" is always there. Values of a CSV are texts; those of a
        dataset.json are class numbers.

    Raises:
        UserFileError: where the file is missing or can't be read.
        UserError: where it is not of one of the two forms.
    """
    text = _read_text(path, source)
    return (_parse_csv if Path(path).suffix.lower() == ".csv" else _parse_json)(text, path)


def _read_text(path: PathLike, source: Path | str | None) -> str:
    try:
        return _read_bytes(Path(path).expanduser(), source).decode("utf-8-sig")
    except FileNotFoundError as error:
        step = "There is no such file, beside the images neither. Check labels= (--labels)."
        raise checks.file_error("labels", "an existing file", path, step) from error
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        step = f"It can't be read as UTF-8 text ({error}). Save it again."
        raise checks.file_error("labels", "a readable file", path, step) from error


def _read_bytes(path: Path, source: Path | str | None) -> bytes:
    """The content of the file, or of the one of this name in the folder or archive of the images."""
    if path.exists() or not isinstance(source, (str, Path)):
        return path.read_bytes()
    folder = Path(source).expanduser()
    if folder.is_dir() or not zipfile.is_zipfile(folder):
        return (folder / path).read_bytes()
    with zipfile.ZipFile(folder) as archive:
        names = [name for name in archive.namelist() if name == str(path) or name.endswith(f"/{path}")]
        if not names:
            raise FileNotFoundError(str(path))
        return archive.read(min(names, key=len))


def _parse_csv(text: str, path: PathLike) -> dict[str, dict[str, str]]:
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header[:1] != [FILE] or LABEL not in header or len(set(header)) < len(header):
        raise checks.user_error("labels", HEADER, str(path), f"Its first line is: {','.join(header) or 'empty'}.")
    columns = {name: {} for name in header[1:]}
    for number, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if len(cells) != len(header) or not all(cells):
            step = f"Row {number} has {sum(map(bool, cells))} values that are not empty, not {len(header)}: {cells}."
            raise checks.user_error("labels", "a CSV file whose rows have a value for each column", str(path), step)
        for name, value in zip(header[1:], cells[1:], strict=True):
            _add(columns[name], cells[0], value, path)
    return columns


def _parse_json(text: str, path: PathLike) -> dict[str, dict[str, int]]:
    try:
        pairs = json.loads(text)[JSON_KEY]
        values = {}
        for name, value in pairs:
            _add(values, name, _class_number(value), path)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, checks.UserError):
            raise
        step = "It has another form. StyleGAN's dataset_tool.py writes this one."
        raise checks.user_error("labels", DATASET_JSON, str(path), step) from error
    return {LABEL: values}


def _class_number(value: int | list[float]) -> int:
    """The number of a class, of which a one-hot list may be given."""
    if isinstance(value, list):
        hot = np.asarray(value, np.float64)
        if hot.ndim != 1 or sorted(set(hot.tolist())) not in ([0.0, 1.0], [1.0]) or hot.sum() != 1:
            step = "Lists of other numbers, such as positions of a camera, are no classes."
            raise checks.user_error("labels", "class numbers or one-hot lists", value, step)
        return int(hot.argmax())
    return checks.check_integer("labels", value, least=0, next_step="Classes are numbered from 0 on.")


def _add(values: dict[str, int | str], name: str, value: int | str, path: PathLike) -> None:
    if values.setdefault(name, value) != value:
        step = f"{name} has {values[name]!r} and {value!r}. Keep one of the two."
        raise checks.user_error("labels", "a file with one label for each image", str(path), step)
