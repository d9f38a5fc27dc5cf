import os

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.output.folder_checks import MARK


def test_encode_and_decode_give_back_what_reconstruct_writes(
    ktg, ktg_json, vae_file, image_folder, tmp_path, read_folder
):
    latents, decoded, direct = tmp_path / "z.npz", tmp_path / "decoded", tmp_path / "direct"
    assert ktg_json("encode", vae_file, "--data", image_folder, "--out", latents) == {
        "model": str(vae_file), "num": 12, "latent_dim": 8, "out": str(latents), "dry_run": False
    }  # fmt: skip
    result = ktg("decode", vae_file, "--latents", latents, "--out", decoded)
    assert (result.exit_code, result.stdout) == (0, f"wrote 12 images to {decoded}\n")
    sheet = tmp_path / "s.png"
    outcome = ktg_json("reconstruct", vae_file, "--data", image_folder, "--out", direct, "--grid", sheet)
    assert outcome["names"] == [f"{number:02}.png" for number in range(12)]
    assert outcome["num"] == 12 and 0 < outcome["mean_levels"] < 255 and outcome["edge_similarity"] <= 1
    np.testing.assert_array_equal(read_folder(decoded), read_folder(direct))
    assert sheet.is_file() and MARK in os.listdir(direct)


def test_one_image_is_no_plural(ktg, vae_file, tmp_path):
    np.save(tmp_path / "z.npy", np.zeros((1, 8), np.float32))
    result = ktg("decode", vae_file, "--latents", tmp_path / "z.npy", "--out", tmp_path / "images")
    assert (result.exit_code, result.stdout) == (0, f"wrote 1 image to {tmp_path / 'images'}\n")


def test_interpolate_writes_a_film(ktg, ktg_json, vae_file, image_folder, tmp_path):
    film, ends = tmp_path / "film.gif", ("--from", image_folder / "00.png", "--to", image_folder / "01.png")
    result = ktg("interpolate", vae_file, *ends, "--frames", 5, "--out", film)
    assert (result.exit_code, result.stdout) == (0, f"wrote 5 frames to {film}\n")
    with Image.open(film) as read:
        assert read.n_frames == 5
    assert ktg_json("interpolate", vae_file, "--frames", 3, "--out", film)["frames"] == 6


def test_edit_moves_images_by_the_strength(ktg_json, vae_file, image_folder, tmp_path, read_folder):
    for name, numbers in (("with", range(4)), ("without", range(4, 8))):
        (tmp_path / name).mkdir()
        for number in numbers:
            content = (image_folder / f"{number:02}.png").read_bytes()
            (tmp_path / name / f"{number:02}.png").write_bytes(content)
    examples = ("--positive", tmp_path / "with", "--negative", tmp_path / "without")
    outcome = ktg_json("edit", vae_file, "--data", tmp_path / "without", *examples, "--out", tmp_path / "edited")
    assert (outcome["strength"], outcome["num"]) == (1.5, 4)
    assert outcome["before"] == pytest.approx(0.0, abs=1e-4) and outcome["target"] == pytest.approx(1.5, abs=1e-4)
    assert outcome["after"] != outcome["target"] and outcome["names"] == ["04.png", "05.png", "06.png", "07.png"]
    assert read_folder(tmp_path / "edited").shape == (4, 32, 32, 3)


@pytest.mark.usefixtures("quick_scores")
def test_restyle_reports_edges_and_scores(ktg, ktg_json, vae_file, image_folder, tmp_path, read_folder):
    vae = load_vae(vae_file)
    layer = vae.decoder.get_layer("to_image")
    layer.bias.assign(layer.bias - 2.0)
    vae.save(tmp_path / "adapted.keras")
    out = tmp_path / "restyled"
    arguments = ("restyle", tmp_path / "adapted.keras", "--data", image_folder, "--source", vae_file, "--out", out)
    result = ktg(*arguments, "--reference", image_folder)
    assert result.exit_code == 0 and f"wrote 12 images to {out}" in result.stdout
    assert "edge similarity to the input" in result.stdout and "KID x 1000 to the target" in result.stdout
    outcome = ktg_json(*arguments)
    assert len(outcome["names"]) == 12 and outcome["names"][0] == "00.png"
    assert outcome["detail"] == 1.0 and outcome["kid"] is None and outcome["edges_kept"] > 0
    assert read_folder(out).mean() < read_folder(image_folder).mean() - 20


@pytest.mark.parametrize(
    ("command", "sources", "name"),
    [
        ("encode", ["data"], "z.npz"),
        ("reconstruct", ["data"], "out"),
        ("edit", ["data", "positive", "negative"], "out"),
        ("interpolate", [], "film.gif"),
    ],
)
def test_dry_runs_read_all_and_write_nothing(ktg, ktg_json, vae_file, image_folder, tmp_path, command, sources, name):
    options = [part for source in sources for part in (f"--{source}", image_folder)]
    arguments = (command, vae_file, *options, "--out", tmp_path / name, "--dry-run")
    expected = {"model": str(vae_file), "out": str(tmp_path / name), "replaced": 0, "dry_run": True}
    assert ktg_json(*arguments) == {**expected, **dict.fromkeys(sources, 12)}
    line = f"would write to {tmp_path / name}" + "".join(f", 12 images of {source}" for source in sources)
    assert ktg(*arguments).stdout == f"{line}\n" and os.listdir(tmp_path) == [image_folder.name]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("encode", "noto_vea", "--data", ".", "--out", "z.npz"), "`model` must be a preset"),
        (("decode", "{vae}", "--latents", "none.npz", "--out", "{tmp}/out"), "`latents` must be an .npz or .npy file"),
        (("encode", "{vae}", "--data", "{tmp}/none", "--out", "{tmp}/z.npz"), "`data` must be"),
        (("encode", "{vae}", "--data", ".", "--out", "z.txt"), "`out` must be a file *.npz"),
        (("interpolate", "{vae}", "--from", "a.png", "--out", "{tmp}/f.gif"), "both --from and --to, or neither"),
        (("restyle", "none", "--data", ".", "--out", "{tmp}/out"), "`run` must be"),
        (("restyle", "{vae}", "--data", ".", "--out", "{tmp}/out"), "`run` must be a RUN folder of a fine-tuned VAE"),
        (("encode", "{gan}", "--data", ".", "--out", "{tmp}/z.npz"), "GAN"),
    ],
)
def test_errors_are_one_line_and_exit_2(refused, vae_file, source_file, tmp_path, arguments, text):
    assert text in refused(*(part.format(vae=vae_file, gan=source_file, tmp=tmp_path) for part in arguments))
    assert os.listdir(tmp_path) == []


@pytest.fixture
def vq_file(tmp_path):
    from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings
    from keras_transfer_gen.recipes.training.vq import models

    settings = PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1,
    )  # fmt: skip
    vq = models.new_model(settings, ["a", "a_wild"])
    vq.quantizer.codebook.assign(np.random.default_rng(0).normal(size=(16, 32)))
    vq.save(tmp_path / "vq.keras")
    return tmp_path / "vq.keras"


def test_a_vq_vae_writes_tokens_and_keeps_a_part_of_images(
    ktg, ktg_json, vae_file, vq_file, image_folder, tmp_path, read_folder
):
    tokens, out = tmp_path / "tokens.npz", tmp_path / "out"
    outcome = ktg_json("encode", vq_file, "--data", image_folder, "--out", tokens)
    assert outcome["grid"] == [4, 4] and outcome["num"] == 12
    result = ktg("encode", vq_file, "--data", image_folder, "--out", tokens)
    assert result.stdout == f"wrote the tokens of 12 images, 4 x 4 numbers each, to {tokens}\n"
    assert ktg_json("decode", vq_file, "--latents", tokens, "--out", out)["num"] == 12
    outcome = ktg_json("edit", vq_file, "--data", image_folder, "--keep", "top", "--out", out)
    assert outcome["kept"] == 0.5 and outcome["names"][0] == "00.png"
    upper = [np.asarray(Image.open(image_folder / f"{number:02}.png"))[:16] for number in range(12)]
    np.testing.assert_array_equal(read_folder(out)[:, :16], np.stack(upper))
    assert ktg_json("generate", vq_file, "--num", 3, "--class", "a_wild", "--out", out)["class"] == 1
    options = ("--temperature", 0.5, "--guidance", 2, "--top-k", 3, "--class", "a", "--style", "wild")
    outcome = ktg_json("generate", vq_file, "--num", 3, *options, "--out", out)
    values = {"temperature": 0.5, "guidance": 2.0, "top_k": 3}
    assert outcome["class_name"] == "a_wild" and outcome.items() >= {"style": "wild", **values}.items()
    np.testing.assert_array_equal(read_folder(out), open_model(vq_file).generate(3, label="a_wild", **values))
    ktg_json("generate", vq_file, "--num", 3, "--style", "wild", "--out", out)
    assert (out / "labels.csv").read_text().split()[1:] == [f"0000{number}.png,a_wild" for number in range(3)]
    assert ktg_json("edit", vq_file, "--data", image_folder, "--keep", "top", "--out", out, "--dry-run")["dry_run"]
    for arguments, text in (
        (("edit", vae_file, "--data", image_folder, "--keep", "top"), "VQVAE with a prior"),
        (("edit", vq_file, "--keep", "top"), "--data"),
        (("edit", vq_file, "--keep", "top", "--data", image_folder, "--directions", "d"), "left out beside --keep"),
        (("edit", vq_file, "--keep", "middle", "--data", image_folder), "--keep top"),
    ):
        result = ktg(*arguments, "--out", out)
        assert result.exit_code == 2 and text in result.stderr


def test_a_vq_vae_is_evaluated_by_nats_too(ktg, vq_file, image_folder, quick_scores):
    result = ktg("evaluate", vq_file, "--data", image_folder, "--num", 12)
    assert result.exit_code == 0
    for name in ("nats", "bits_per_token", "KID x 1000"):
        assert name in result.stdout, name
