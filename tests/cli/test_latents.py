import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner


def test_styles_are_mixed_projected_and_edited(ktg_json, style_file, tmp_path, read_folder):
    sheet, found = tmp_path / "mix.png", tmp_path / "d.npz"
    assert ktg_json("mix", style_file, "--rows", "0", "--columns", "1-2", "--out", sheet)["num"] == 2
    outcome = ktg_json(
        "directions", style_file, "--num", 2, "--images", "0", "--out", found, "--grid", tmp_path / "d.png"
    )
    assert outcome["num"] == 2 and outcome["strengths"][0] >= outcome["strengths"][1]
    Image.fromarray(np.asarray(Image.open(sheet))[16:32, :16]).save(tmp_path / "image.png")
    projected = ktg_json(
        "project", style_file, tmp_path / "image.png", "--steps", 3, "--distance", "pixels", "--out", tmp_path / "l.npz"
    )
    assert projected["space"] == "w" and projected["measured_by"] == "pixels" and projected["steps"] == 3
    edited = ktg_json(
        "edit", style_file, "--directions", found, "--direction", 1, "--latents", tmp_path / "l.npz", "--out",
        tmp_path / "edited", "--strength", -2, "--grid", tmp_path / "e.png",
    )  # fmt: skip
    assert (edited["num"], edited["direction"], edited["strength"]) == (1, 1, -2.0)
    assert read_folder(tmp_path / "edited").shape == (1, 16, 16, 3) and (tmp_path / "e.png").is_file()


def test_walk_and_explore_work_with_every_kind_of_model(ktg, ktg_json, vae_file, source_file, tmp_path):
    assert ktg_json("walk", source_file, "--images", "0-1", "--frames", 2, "--out", tmp_path / "w.gif")["frames"] == 4
    search = tmp_path / "s.npz"
    assert ktg_json("explore", vae_file, "--num", 4, "--out", search)["turn"] == 0
    outcome = ktg_json("explore", vae_file, "--num", 4, "--out", search, "--like", "0,3")
    assert (outcome["turn"], outcome["liked"], outcome["sheet"]) == (1, 2, str(tmp_path / "s.png"))


def test_explore_asks_until_nothing_is_liked(source_file, tmp_path):
    from keras_transfer_gen.cli.main import app

    arguments = ["explore", str(source_file), "--num", "4", "--out", str(tmp_path / "s.npz"), "--ask", "--json"]
    result = CliRunner().invoke(app, arguments, input="1\n0,2\n\n")
    printed = result.stdout[result.stdout.index("{") :]  # what was typed stands before it
    assert result.exit_code == 0 and json.loads(printed)["liked"] == 3


@pytest.mark.parametrize(("command", "out"), [
    (("mix",), "m.png"), (("directions",), "d.npz"), (("walk",), "w.gif"), (("explore",), "s.npz"),
    (("project", "IMAGE"), "l.npz"),
])  # fmt: skip
def test_dry_runs_write_nothing(ktg_json, style_file, image_folder, tmp_path, command, out):
    name, *rest = [str(image_folder / "00.png") if word == "IMAGE" else word for word in command]
    plan = ktg_json(name, style_file, *rest, "--out", tmp_path / out, "--dry-run")
    assert plan["dry_run"] and plan["shape"] == ([8] if name == "explore" else [6, 8])
    assert not (tmp_path / out).exists()


def test_what_cannot_be_used_is_refused_in_one_line(refused, source_file, vae_file, image_folder, tmp_path):
    assert "`space` must be z, the only one of this model" in refused("mix", source_file, "--out", tmp_path / "m.png")
    assert "`image` must be an image file" in refused("project", source_file, "none.png", "--out", tmp_path / "l.npz")
    assert "`rows` must be numbers" in refused("mix", source_file, "--rows", "x", "--out", tmp_path / "m.png")
    line = refused("edit", vae_file, "--data", image_folder, "--out", tmp_path / "e")
    assert "`positive` must be given" in line and "--directions" in line
    line = refused("edit", vae_file, "--data", image_folder, "--directions", "d.npz", "--out", tmp_path / "e")
    assert "`data` must be left out beside --directions" in line
