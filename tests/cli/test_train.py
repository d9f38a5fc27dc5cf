import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.cli import train
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training import fine_tune, pretrain
from keras_transfer_gen.saved_model_layout import SPEC_FILE

EXPORTED = Path(__file__).parents[1] / "recipes/version_0_1/files/exported_saved_model"


def options(finished, **changed):
    """The options that `finished` was run with."""
    arguments = {
        "--data": finished.data, "--reference": finished.reference, "--source": finished.source, "--out": finished.out,
        "--kimg": 0.04, "--batch-size": 8, "--precision": "float32", "--freeze": finished.freeze[0], "--freeze-d": 1,
        **changed,
    }  # fmt: skip
    return [str(part) for pair in arguments.items() if pair[1] is not None for part in pair]


def test_same_command_on_a_finished_run_changes_nothing_and_prints_its_table(ktg, finished):
    before = {path: path.stat().st_mtime_ns for path in RunFolder(finished.out).path.rglob("*")}
    result = ktg("finetune", *options(finished), "--compare-scratch")
    assert result.exit_code == 0 and "has finished already: nothing to do" in result.stderr
    lines = result.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[1:5]] == [
        "source, before adapting", "after training", "from scratch, same kimg",
        "floor: the training images themselves",
    ]  # fmt: skip
    assert "features: efficientnet_lite0 at 224 px" in lines[5] and finished.out in lines[-1]
    assert any(line.startswith("Transfer ") for line in lines[6:8])
    result = ktg("finetune", *options(finished), "--compare-scratch", "--json")
    assert json.loads(result.stdout) == json.loads(RunFolder(finished.out).metrics_file.read_text())
    assert {path: path.stat().st_mtime_ns for path in RunFolder(finished.out).path.rglob("*")} == before


def test_run_that_finished_before_weights_were_chosen_is_shown_again(ktg, finished, tmp_path):
    older = RunFolder(shutil.copytree(finished.out, tmp_path / "older"))
    metrics = json.loads(older.metrics_file.read_text())
    del metrics["best_kimg"]
    older.metrics_file.write_text(json.dumps(metrics))
    result = ktg("finetune", *options(finished, **{"--out": older.path}), "--compare-scratch")
    assert result.exit_code == 0 and "has finished already: nothing to do" in result.stderr
    assert "after training" in result.stdout and "kept" not in result.stdout


@pytest.mark.usefixtures("quick_scores")
def test_zip_of_images_is_learnt_from_a_run_and_the_table_is_printed(ktg, finished, shared_image_folder, tmp_path):
    shutil.make_archive(str(tmp_path / "photos"), "zip", shared_image_folder)
    arguments = ("--data", tmp_path / "photos.zip", "--source", finished.out, "--out", tmp_path / "run")
    result = ktg("finetune", *arguments, "--kimg", 0.008, "--batch-size", 8, "--penalty", "none", "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    assert metrics["kimg"] == 0.008 and metrics["kid_floor"] is None
    assert (
        f"12 images in {tmp_path / 'photos.zip'}" in result.stderr and "KID x 1000 between your images" in result.stderr
    )
    assert "adapting: 0.008 of 0.008 kimg" in result.stderr and "-1 s" not in result.stderr


@pytest.mark.usefixtures("quick_scores")
def test_pretrain_takes_finetunes_options_and_minutes_bound_it(ktg, shared_image_folder, tmp_path):
    result = ktg(
        "pretrain", "--data", shared_image_folder, "--out", tmp_path / "run", "--image-size", 32, "--channels", 1,
        "--max-channels", 16, "--minutes", 1e-4, "--kimg", 1000, "--batch-size", 4, "--precision", "float32",
        "--objective", "hinge", "--augment", "none", "--penalty", "none", "--licence", "CC0-1.0",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1].startswith("after training\t") and "0.0 kimg" not in result.stdout
    config = RunFolder(tmp_path / "run").config()
    assert config["finished"] and config["settings"]["objective"] == "hinge" and config["settings"]["channels"] == 1
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["kimg"] == 0.004


@pytest.mark.parametrize("command", ["finetune", "pretrain"])
def test_dry_run_says_what_would_be_done_and_writes_nothing(ktg, ktg_json, finished, tmp_path, command):
    arguments = options(finished, **{"--out": tmp_path / "run"})
    if command == "pretrain":
        arguments = ["--data", finished.data, "--out", str(tmp_path / "run"), "--image-size", "32"]
    result = ktg(command, *arguments, "--dry-run")
    assert result.exit_code == 0 and result.stdout.splitlines()[0] == "action\tstart a new run"
    planned = ktg_json(command, *arguments, "--dry-run")
    assert planned["images"] == 12 and planned["image size"] == "32 x 32 x 3"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("changed", "text"), [
    ({"--source": "noto_gan_46"}, "`source` must be a preset"),
    ({"--source": "{tmp}"}, "This folder holds none of them"),
    ({"--source": "{tmp}/damaged.keras"}, "not a `.keras` file, or it is damaged"),
    ({"--data": "{tmp}/nowhere"}, r"`data` must be .* nothing at this path. Check data= \(--data\)"),
    ({"--reference": "{tmp}/nowhere"}, r"`reference` must be .* Check reference= \(--reference\)"),
    ({"--data": "{tmp}/damaged.keras"}, "`data` must be a folder, .*This is a single file"),
    ({"--out": "{tmp}/damaged.keras"}, "`out` must be a folder"),
    ({"--out": "{tmp}/damaged.keras/run"}, "a folder that can be written"),
    ({"--out": "{tmp}"}, "a new or empty folder, or an earlier run"),
    ({"--out": "{data}/run"}, "`out` must be a folder apart from --data"),
    ({"--kimg": 0}, "`kimg` must be a number above 0"),
    ({"--minutes": 0}, "`minutes` must be a number above 0"),
    ({"--precision": "half"}, "`precision` must be one of 'auto', 'float32', 'bfloat16'"),
    ({"--devices": "tpu:0"}, "`devices` must be \"auto\" or a comma-separated list"),
    ({"--augment": "adam"}, "`augment` must be one of 'diffaugment', 'ada', 'shift_flip', 'none'"),
    ({"--objective": "wgan"}, "`objective` must be one of"),
    ({"--freeze": "generator/blok_4/.*=false"}, r"`freeze` must .*paths: generator/block_4.*freeze= or --freeze"),
    ({"--freeze": ".*=false"}, "`freeze` must be rules that leave part of .* The rules freeze both networks.*--freeze"),
    ({"--freeze": "generator/.*=false"}, "`freeze` must be .* The rules freeze the whole generator.*--freeze"),
    ({"--freeze": "generator/block_4"}, "`freeze` must be REGEX=true or REGEX=false"),
    ({"--freeze-d": 9}, "`freeze_d` must be at most 4.*freeze_d= or --freeze-d"),
    ({"--reference": "{one}"}, "`reference` must be at least 2 usable images"),
    ({"--data": "{one}"}, "`data` must be at least 2 usable images"),
])  # fmt: skip
def test_mistakes_end_with_2_and_one_line_that_says_what_to_do(
    refused, finished, tmp_path, sample_images, changed, text
):
    (tmp_path / "damaged.keras").write_bytes(b"PK damaged")
    np.save(tmp_path / "one.npy", sample_images[:1])
    names = {"tmp": tmp_path, "data": finished.data, "one": tmp_path / "one.npy"}
    changed = {flag: str(value).format(**names) for flag, value in changed.items()}
    line = refused("finetune", *options(finished, **{"--out": tmp_path / "run", **changed}))
    assert re.search(text, line), line
    assert sorted(os.listdir(tmp_path)) == ["damaged.keras", "one.npy"]


def test_changed_settings_are_named(refused, finished):
    line = refused("finetune", *options(finished, **{"--freeze-d": 2, "--kimg": 9}), "--compare-scratch")
    assert "started with other settings: freeze_d 1 -> 2. " in line and "--overwrite" in line


def test_source_in_an_archive_is_fetched_before_its_family_is_asked(ktg, tmp_path, monkeypatch):
    trained = []
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    monkeypatch.setattr(train, "run_training", lambda settings, *_: trained.append(settings))
    for family in ("vae", "gan"):
        model = shutil.copytree(EXPORTED, tmp_path / family)
        (model / SPEC_FILE).write_text(json.dumps({"family": family}))
        with tarfile.open(tmp_path / f"{family}.tar.gz", "w:gz") as archive:
            archive.add(model, family)
        arguments = ("--data", tmp_path, "--source", tmp_path / f"{family}.tar.gz", "--out", tmp_path / "run")
        result = ktg("finetune", *arguments, "--seed", 3)
        assert result.exit_code == 0, result.stderr
    assert [(settings.family, settings.seed) for settings in trained] == [("vae", 3), ("gan", 3)]


def test_old_options_and_values_start_the_same_run(ktg, refused, finished):
    old = options(finished, **{"--image-fit": "crop", "--mine-kimg": 0.5})
    result = ktg("finetune", *old, "--compare-scratch")
    assert result.exit_code == 0 and "has finished already: nothing to do" in result.stderr
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert [line.split()[1] for line in warnings] == ["--image-fit", "--mine-kimg"]
    line = refused("finetune", *options(finished, **{"--method": "miner"}), "--compare-scratch")
    assert "started with other settings: method 'full' -> 'minegan'" in line


@pytest.mark.parametrize(("error", "code", "text"), [
    (checks.Interrupted("SIGINT: saved at 3.00 kimg in run."), 130, "SIGINT: saved"),
    (KeyboardInterrupt(), 130, "interrupted: what was saved stays"),
    (RuntimeError("a bug"), 1, "a fault of keras_transfer_gen"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["finetune", "pretrain"])
def test_other_ends_have_their_codes(ktg, finished, tmp_path, monkeypatch, command, error, code, text):
    def end(settings, reporter):
        raise error

    monkeypatch.setattr(fine_tune, "fine_tune", end)
    monkeypatch.setattr(pretrain, "pretrain", end)
    arguments = options(finished, **{"--out": tmp_path / "run"})
    if command == "pretrain":
        arguments = ["--data", finished.data, "--out", str(tmp_path / "run")]
    result = ktg(command, *arguments)
    assert result.exit_code == code and text in result.stderr and "Traceback" not in result.stderr
    result = ktg(command, *arguments, "--debug")
    assert result.exit_code == code and "Traceback" in result.stderr


@pytest.mark.parametrize(
    "change", [("--kimg", "0"), ("--source", "noto_gan_46"), ("--out", "/dev/null"), ("--freeze", "x")]
)
def test_wrong_options_load_no_tensorflow(finished, tmp_path, change):
    arguments = options(finished, **{"--out": tmp_path / "run", change[0]: change[1]})
    code = (
        f"import sys\nfrom keras_transfer_gen.cli.main import app\ntry: app({['finetune', *arguments]!r})\n"
        "except SystemExit as stop: print(stop.code, 'tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "2 False\n", ran.stderr


@pytest.mark.usefixtures("quick_scores")
def test_grow_trains_on_for_larger_images(ktg, source_file, shared_image_folder, tmp_path):
    arguments = ["--data", str(shared_image_folder), "--out", str(tmp_path / "large"), "--kimg", "0.016"]
    result = ktg(
        "grow", str(source_file), *arguments, "--image-size", "64", "--batch-size", "8", "--precision", "float32"
    )
    assert result.exit_code == 0, result.stderr
    run = RunFolder(tmp_path / "large")
    settings = json.loads(run.config_file.read_text())["settings"]
    assert (settings["image_size"], settings["latent_selection_kimg"], settings["g_lr_ratio"]) == (64, 0.0, 1.0)
    from keras_transfer_gen.recipes.models.load import load_gan

    gan = load_gan(tmp_path / "large")
    assert gan.spec.image_size == 64 and gan.generate(1).shape == (1, 64, 64, 3)


def test_grow_asks_for_the_size_and_refuses_others(ktg, source_file, shared_image_folder, tmp_path):
    arguments = ["--data", str(shared_image_folder), "--out", str(tmp_path / "large")]
    result = ktg("grow", str(source_file), *arguments)
    assert result.exit_code == 2 and "Give --image-size, twice the side of the source's images." in result.stderr
    result = ktg("grow", str(source_file), *arguments, "--image-size", "48")
    assert result.exit_code == 2 and "`image_size` must be one of 64, 128, 256, 512" in result.stderr


def test_distill_refuses_what_can_not_be_before_it_writes(refused, source_file, vae_file, tmp_path):
    out = tmp_path / "small"
    assert "`RUN` must be a preset" in refused("distill", tmp_path / "nothing", "--size-mb", 1, "--out", out)
    assert "--size-mb" in refused("distill", source_file, "--size-mb", 0, "--out", out)
    assert "of the teacher" in refused("distill", source_file, "--size-mb", 50, "--out", out)
    assert "a GAN or a generator" in refused("distill", vae_file, "--size-mb", 1, "--out", out)
    assert not out.exists()
