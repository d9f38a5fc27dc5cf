import subprocess
import sys

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.inspect_model import inspect_model
from keras_transfer_gen.recipes.models.inspect_network_file import inspect_network_file
from keras_transfer_gen.recipes.models.resolve import ModelRef, resolve_model
from tests.stylegan2_fixtures import FOLDER


def test_networks_are_described():
    inspection = inspect_model(FOLDER / "ada_skip.pkl")
    facts = inspection.to_dict()
    assert facts["written_by"] == "stylegan2-ada-pytorch or stylegan3" and facts["licence"].startswith("unknown")
    assert facts["networks"]["G_ema"]["widths"] == [8, 8, 4] and facts["networks"]["D"]["architecture"] == "resnet"
    assert facts["networks"]["D"]["parameters"] == 3421 and facts["program_text"].startswith("not run; SHA-256")
    rows = {row[0]: row[1:] for row in inspection.rows()}
    assert rows["image_size"] == (16, 16, 16) and rows["w_dim"] == (10, 10, "")


def test_it_is_found_by_content_and_by_address(tmp_path, web_of):
    path = tmp_path / "noname"
    path.write_bytes((FOLDER / "tf1_v4.pkl").read_bytes())
    assert resolve_model(path) == ModelRef("network_file", path, "gan", str(path))
    address, _ = web_of(FOLDER / "tf1_v5.pkl")
    ref = resolve_model(address)
    assert (ref.kind, ref.family) == ("network_file", "gan")
    assert inspect_network_file(ref).networks["G"]["clamp"] == 256


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "page.pkl"
    path.write_text("<html>", "utf-8")
    with pytest.raises(checks.UserError, match="web page"):
        inspect_model(path)


def test_no_tensorflow_is_loaded():
    program = (
        "import sys\nfrom keras_transfer_gen.recipes.models.inspect_network_file import inspect_network_file\n"
        "from keras_transfer_gen.recipes.models.resolve import resolve_model\n"
        f"inspect_network_file(resolve_model({str(FOLDER / 'tf1_v4.pkl')!r}))\nprint('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
