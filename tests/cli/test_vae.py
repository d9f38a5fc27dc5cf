import json
import os

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.output.folder_checks import MARK


def test_encode_and_decode_give_back_what_reconstruct_writes(ktg, vae_file, image_folder, tmp_path, read_folder):
    latents, made, direct = tmp_path / "z.npz", tmp_path / "made", tmp_path / "direct"
    result = ktg("encode", vae_file, "--data", image_folder, "--out", latents, "--json")
    assert json.loads(result.stdout) == {
        "model": str(vae_file), "num": 12, "latent_dim": 8, "out": str(latents), "dry_run": False
    }  # fmt: skip
    result = ktg("decode", vae_file, "--latents", latents, "--out", made)
    assert (result.exit_code, result.stdout) == (0, f"wrote 12 images to {made}\n")
    options = ("--data", image_folder, "--out", direct, "--grid", tmp_path / "s.png", "--json")
    result = ktg("reconstruct", vae_file, *options)
    told = json.loads(result.stdout)
    assert told["names"] == [f"{number:02}.png" for number in range(12)]
    assert told["num"] == 12 and 0 < told["mean_levels"] < 255 and told["edge_similarity"] <= 1
    np.testing.assert_array_equal(read_folder(made), read_folder(direct))
    assert (tmp_path / "s.png").is_file() and MARK in os.listdir(direct)


def test_interpolate_writes_a_film(ktg, vae_file, image_folder, tmp_path):
    film, ends = tmp_path / "film.gif", ("--from", image_folder / "00.png", "--to", image_folder / "01.png")
    result = ktg("interpolate", vae_file, *ends, "--frames", 5, "--out", film)
    assert (result.exit_code, result.stdout) == (0, f"wrote 5 frames to {film}\n")
    with Image.open(film) as read:
        assert read.n_frames == 5
    assert json.loads(ktg("interpolate", vae_file, "--frames", 3, "--out", film, "--json").stdout)["frames"] == 6


def test_edit_moves_images_by_the_strength(ktg, vae_file, image_folder, tmp_path, read_folder):
    for name, numbers in (("with", range(4)), ("without", range(4, 8))):
        (tmp_path / name).mkdir()
        for number in numbers:
            content = (image_folder / f"{number:02}.png").read_bytes()
            (tmp_path / name / f"{number:02}.png").write_bytes(content)
    sets = ("--positive", tmp_path / "with", "--negative", tmp_path / "without")
    result = ktg("edit", vae_file, "--data", tmp_path / "without", *sets, "--out", tmp_path / "made", "--json")
    told = json.loads(result.stdout)
    assert (told["strength"], told["num"]) == (1.5, 4)
    assert told["before"] == pytest.approx(0.0, abs=1e-4) and told["target"] == pytest.approx(1.5, abs=1e-4)
    assert told["after"] != told["target"] and told["names"] == ["04.png", "05.png", "06.png", "07.png"]
    assert read_folder(tmp_path / "made").shape == (4, 32, 32, 3)


def test_restyle_reports_edges_and_scores(ktg, vae_file, image_folder, tmp_path, quick_scores, read_folder):
    vae = load_vae(vae_file)
    layer = vae.decoder.get_layer("to_image")
    layer.bias.assign(layer.bias - 2.0)
    vae.save(tmp_path / "adapted.keras")
    arguments = ("restyle", tmp_path / "adapted.keras", "--data", image_folder, "--source", vae_file)
    result = ktg(*arguments, "--out", tmp_path / "made", "--reference", image_folder)
    assert result.exit_code == 0 and f"wrote 12 images to {tmp_path / 'made'}" in result.stdout
    assert "edge similarity to the input" in result.stdout and "KID x 1000 to the target" in result.stdout
    told = json.loads(ktg(*arguments, "--out", tmp_path / "made", "--json").stdout)
    assert len(told["names"]) == 12 and told["names"][0] == "00.png"
    assert told["detail"] == 1.0 and told["kid"] is None and told["edges_kept"] > 0
    assert read_folder(tmp_path / "made").mean() < read_folder(image_folder).mean() - 20


def test_dry_runs_read_all_and_write_nothing(ktg, vae_file, image_folder, tmp_path):
    out = tmp_path / "out"
    for command, options, place in (
        ("encode", ("--data", image_folder), tmp_path / "z.npz"),
        ("reconstruct", ("--data", image_folder), out),
        ("edit", ("--data", image_folder, "--positive", image_folder, "--negative", image_folder), out),
        ("interpolate", (), tmp_path / "film.gif"),
    ):
        told = json.loads(ktg(command, vae_file, *options, "--out", place, "--dry-run", "--json").stdout)
        assert told["dry_run"] is True and told["out"] == str(place)
        assert [told[name] for name in ("data", "positive", "negative") if name in told] in ([], [12], [12] * 3)
    assert sorted(os.listdir(tmp_path)) == ["pictures"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("encode", "noto_vea", "--data", ".", "--out", "z.npz"), "`model` must be a preset"),
        (("decode", "{vae}", "--latents", "none.npz", "--out", "{tmp}/made"), "`latents` must be an .npz or .npy file"),
        (("encode", "{vae}", "--data", "{tmp}/none", "--out", "{tmp}/z.npz"), "`data` must be"),
        (("encode", "{vae}", "--data", ".", "--out", "z.txt"), "`out` must be a file *.npz"),
        (("interpolate", "{vae}", "--from", "a.png", "--out", "{tmp}/f.gif"), "both --from and --to, or neither"),
        (("restyle", "none", "--data", ".", "--out", "{tmp}/made"), "`run` must be"),
        (("restyle", "{vae}", "--data", ".", "--out", "{tmp}/made"), "`run` must be a RUN folder of a fine-tuned VAE"),
        (("encode", "{gan}", "--data", ".", "--out", "{tmp}/z.npz"), "GAN"),
    ],
)
def test_errors_are_one_line_and_exit_2(ktg, vae_file, source_file, tmp_path, arguments, text):
    filled = [a.format(vae=vae_file, gan=source_file, tmp=tmp_path) for a in arguments]
    result = ktg(*filled)
    assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []
