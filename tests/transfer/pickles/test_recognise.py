import zipfile

import pytest

from keras_transfer_gen.transfer.pickles.recognise import is_network_address, is_network_file
from tests.stylegan2_fixtures import FOLDER, NAMES


@pytest.mark.parametrize("name", NAMES)
def test_files_are_recognised_by_content(name, tmp_path):
    path = tmp_path / "renamed"
    path.write_bytes((FOLDER / name).read_bytes())
    assert is_network_file(path)


def test_other_files_are_left_to_others(tmp_path):
    with zipfile.ZipFile(tmp_path / "gan.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    (tmp_path / "text").write_text("text", "utf-8")
    assert not any(map(is_network_file, (tmp_path / "gan.keras", tmp_path / "text", tmp_path / "none")))
    (tmp_path / "page.pkl").write_text("<html>", "utf-8")  # the name says what was meant: the reader says what it is
    assert is_network_file(tmp_path / "page.pkl")


def test_addresses_are_told_by_their_end():
    assert is_network_address("https://example.org/a/ffhq.PKL?download=1")
    assert not is_network_address("https://example.org/model.tar.gz")
