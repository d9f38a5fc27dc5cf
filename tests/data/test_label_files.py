import json
import zipfile

import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.data.label_files import read_label_file


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_gives_a_column_of_texts_for_each_of_its_columns(tmp_path):
    path = write(tmp_path / "a.csv", '\ufefffile, label,style\na.png,cat,flat\n\n"b,c.png", dog ,noto\n')
    columns = read_label_file(path)
    assert columns["label"] == {"a.png": "cat", "b,c.png": "dog"}
    assert columns["style"] == {"a.png": "flat", "b,c.png": "noto"}


def test_dataset_json_gives_class_numbers_also_of_one_hot_lists(tmp_path):
    path = write(tmp_path / "dataset.json", json.dumps({"labels": [["00/a.png", 2], ["00/b.png", [0, 1, 0]]]}))
    assert read_label_file(str(path)) == {"label": {"00/a.png": 2, "00/b.png": 1}}


def test_file_is_looked_for_beside_the_images(tmp_path):
    text = json.dumps({"labels": [["a.png", 0]]})
    write(tmp_path / "dataset.json", text)
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("set/dataset.json", text)
    for source in (tmp_path, str(tmp_path / "images.zip")):
        assert read_label_file("dataset.json", source) == {"label": {"a.png": 0}}
        with pytest.raises(UserFileError, match=r"`labels` must be an existing file.*--labels"):
            read_label_file("other.json", source)


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.csv", "name,label\na,b\n", r"header file,label .*Its first line is: name,label"),
    ("a.csv", "", "Its first line is: empty"), ("a.csv", "file,style\na,b\n", "header file,label"),
    ("a.csv", "file,label,label\na,b,c\n", "header file,label"),
    ("a.csv", "file,label\na,\n", "Row 2 has 1 values that are not empty, not 2"),
    ("a.csv", "file,label\na,b,c\n", "Row 2 has 3 values"),
    ("a.csv", "file,label\na,b\na,c\n", "a has 'b' and 'c'"),
    ("a.json", "[]", "It has another form"), ("a.json", '{"labels": null}', "It has another form"),
    ("a.json", '{"labels": [["a", [0.5, 0.5]]]}', "no classes"), ("a.json", '{"labels": [["a", -1]]}', "at least 0"),
    ("a.json", '{"labels": [["a", [1, 1]]]}', "no classes"), ("a.json", "{", "It has another form"),
])  # fmt: skip
def test_other_forms_are_refused(tmp_path, name, text, message):
    with pytest.raises(UserError, match=message):
        read_label_file(write(tmp_path / name, text))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserFileError, match="It can't be read as UTF-8 text"):
        read_label_file(tmp_path / "a.csv")
