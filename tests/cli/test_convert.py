from keras_transfer_gen.transfer.weights.read import read_weights
from tests.stylegan2_fixtures import FOLDER


def test_convert_writes_a_file_and_says_its_terms(ktg_json, tmp_path):
    out = tmp_path / "gan.safetensors"
    planned = ktg_json("convert", FOLDER / "tf1_v5.pkl", "--out", out, "--dry-run")
    assert planned["dry_run"] and not out.exists()
    outcome = ktg_json("convert", FOLDER / "tf1_v5.pkl", "--out", out)
    assert outcome["licence"] == "unknown, assume non-commercial" and out.is_file()


def test_convert_refuses_on_one_line(refused, tmp_path):
    page = tmp_path / "page.pkl"
    page.write_text("<html>", "utf-8")
    assert "web page saved in place" in refused("convert", page, "--out", tmp_path / "a.keras")
    assert "`out` must be a file that ends in" in refused("convert", FOLDER / "tf1_v5.pkl", "--out", tmp_path / "a.txt")


def test_convert_changes_the_shape_and_says_what_became_of_the_weights(ktg, tmp_path):
    out = tmp_path / "grey.safetensors"
    result = ktg("convert", FOLDER / "tf1_v4.pkl", "--out", out, "--channels", 1)
    assert result.exit_code == 0 and "synthesis.b16.torgb.weight: the mean of the colours" in result.stderr
    assert read_weights(out)["G_ema.synthesis.b16.torgb.weight"].shape == (1, 4, 1, 1)
