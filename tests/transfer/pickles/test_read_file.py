import os
import random
import resource
import sys
import time

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.pickles import read_file
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from tests.stylegan2_fixtures import FOLDER, NAMES, unpack_hostile

MEGABYTE = 1024  # of ru_maxrss
MUTATED = 500


@pytest.mark.parametrize("name", NAMES)
def test_files_are_recognised_by_content(name, tmp_path):
    path = tmp_path / "renamed"
    path.write_bytes((FOLDER / name).read_bytes())
    forms = {"ada": read_file.NVIDIA, "sg3": read_file.NVIDIA, "tf1": read_file.TENSORFLOW, "ros": read_file.ROSINALITY}
    assert read_network_file(path).form == forms[name[:3]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n<!DOCTYPE html>", "a web page saved in place of the file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
        (b"\x1f\x8b\x08", "gzip"),
        (b'\x10\0\0\0\0\0\0\0{"a"', "safetensors"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"", "It is empty"),
        (b"anything else", "first bytes"),
        (b"\x80\x04N.", "holds no StyleGAN2 networks"),
        (b"\x80\x04}\x8c\x01GNs.", "holds no StyleGAN2 networks"),
        (b"PK\x05\x06" + b"\0" * 18, "first bytes"),
    ],
)
def test_other_files_get_one_clear_line(content, message, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    with pytest.raises(checks.UserError, match=message) as caught:
        read_network_file(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ada_skip.pkl", "tf1_v4.pkl", "rosinality_zip.pt", "rosinality_legacy.pt"])
def test_truncated_downloads_are_recognised(name, tmp_path):
    content = (FOLDER / name).read_bytes()
    path = tmp_path / name
    for part in (len(content) // 3, len(content) - 20):
        path.write_bytes(content[:part])
        with pytest.raises(checks.UserError, match="cut off"):
            read_network_file(path)


def test_missing_file_and_families_that_are_not_read(tmp_path):
    with pytest.raises(checks.UserFileError, match="a file that can be read"):
        read_network_file(tmp_path / "none.pkl")
    path = tmp_path / "a.pkl"
    for word, family in ((b"SuperresGenerator", "StyleGAN-XL"), (b"SynthesisInput", "StyleGAN3")):
        path.write_bytes(b"\x80\x04\x8c" + bytes([len(word)]) + word + b"0ctorch.nn\nConv2d\n.".replace(b"0", b"", 1))
        with pytest.raises(checks.UserError, match=f"a network of {family}.* configuration stylegan2"):
            read_network_file(path)


def new_modules(before):
    """What was imported since, but for the names of instructions."""
    return {name for name in set(sys.modules) - before if name != "pickletools"}


def test_hostile_files_are_refused_or_inert(tmp_path, monkeypatch):
    folder, expected = unpack_hostile(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    modules, before = set(sys.modules), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {}
    for name, facts in expected.items():
        start = time.monotonic()
        try:
            file = read_network_file(folder / name)
            outcomes[name] = "read"
            for key, arrays in facts.get("check", {}).items():
                for array, values in arrays.items():
                    np.testing.assert_array_equal(file.networks[key].arrays[array], np.float32(values))
        except checks.UserError as error:
            outcomes[name] = "refuse"
            assert "\n" not in str(error) and len(str(error)) < 600
        assert time.monotonic() - start < facts["max_seconds"], name
    wrong = {name: got for name, got in outcomes.items() if expected[name]["expect"] not in (got, "inert")}
    assert wrong == {} and len(outcomes) == 23
    assert (
        os.listdir(empty) == [] and {m for m in set(sys.modules) - modules if not m.startswith("pickletools")} == set()
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * MEGABYTE


def mutate(content, rng):
    """Bytes with a few of them changed, a part left out, or a part repeated."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    first, second = sorted(rng.randrange(len(changed)) for _ in range(2))
    way = rng.randrange(6)
    if way == 0:
        return bytes(changed[:first] + changed[second:])
    if way == 1:
        return bytes(changed[:second] + changed[first:])
    return bytes(changed)


def test_mutated_files_neither_crash_nor_hang(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    contents = [(FOLDER / name).read_bytes() for name in ("tf1_v4.pkl", "rosinality_legacy.pt", "rosinality_zip.pt")]
    hostile, _ = unpack_hostile(tmp_path)
    contents.append((hostile / "control_ok.pkl").read_bytes())
    path, outcomes, modules = tmp_path / "mutated.pkl", {"read": 0, "refuse": 0}, set(sys.modules)
    for number in range(MUTATED):
        path.write_bytes(mutate(contents[number % len(contents)], rng))
        start = time.monotonic()
        try:
            read_network_file(path)
            outcomes["read"] += 1
        except checks.UserError:
            outcomes["refuse"] += 1
        assert time.monotonic() - start < 5
    assert outcomes["read"] > 20 and outcomes["refuse"] > 100
    assert sorted(os.listdir(tmp_path)) == ["hostile", "mutated.pkl"]
    assert new_modules(modules) == set()
