import json

import pytest

from keras_transfer_gen.cli import train
from keras_transfer_gen.recipes.runs.run_folder import recorded
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings


@pytest.fixture
def settings_of_run(ktg, monkeypatch, tmp_path):
    """Function: text of run.yaml, command, arguments -> the settings that the training would get."""
    seen = []
    monkeypatch.setattr(train, "run_training", lambda settings, dry_run, json: seen.append(settings))
    monkeypatch.chdir(tmp_path)

    def run(text, command, *arguments):
        (tmp_path / "run.yaml").write_text(text)
        result = ktg(command, "--config", "run.yaml", *arguments)
        assert result.exit_code == 0, result.stderr
        return seen.pop()

    return run


FILE = (
    "data: photos\nsource: noto_gan_64\nout: runs/a\nkimg: 3\nbatch_size: 8\ncompare_scratch: true\nfreeze: [a=true]\n"
)


def test_file_gives_what_must_be_given_and_what_is_typed_wins(settings_of_run):
    settings = settings_of_run(FILE, "finetune")
    assert (settings.data, settings.out, settings.kimg, settings.compare_scratch) == ("photos", "runs/a", 3.0, True)
    settings = settings_of_run(FILE, "finetune", "--out", "runs/b", "--kimg", 4, "--freeze", "b=true")
    assert (settings.out, settings.kimg, settings.batch_size, settings.freeze) == ("runs/b", 4.0, 8, ("b=true",))


def test_default_that_is_typed_wins_as_well(settings_of_run):
    settings = settings_of_run(FILE, "finetune", "--kimg", 20, "--batch-size", 32, "--no-compare-scratch")
    assert (settings.kimg, settings.batch_size, settings.compare_scratch) == (20.0, 32, False)


def test_growing_and_distilling_read_files_too(settings_of_run, tmp_path):
    settings = settings_of_run(f"{FILE}image_size: 128\n", "grow")
    assert (settings.source, settings.image_size, settings.g_lr_ratio) == ("noto_gan_64", 128, 1.0)
    other = FILE.replace("noto_gan_64", "runs/b")
    settings = settings_of_run(f"{other}command: finetune\n", "grow", "noto_gan_64", "--image-size", 32)
    assert (settings.source, settings.image_size) == ("noto_gan_64", 32)
    text = "source: noto_gan_64\nout: runs/a\nsize_mb: 1\nkimg: 3\n"
    settings = settings_of_run(text, "distill", "--kimg", 4)
    assert (settings.source, settings.size_mb, settings.kimg) == ("noto_gan_64", 1.0, 4.0)
    (tmp_path / "config.json").write_text(json.dumps({"command": "distill", "settings": recorded(settings)}))
    assert settings_of_run("", "distill", "--config", "config.json", "--out", "runs/a") == settings


def test_configuration_of_stylegan2_is_a_name_or_stands_in_the_file(settings_of_run, ktg):
    text = "data: photos\nout: runs/a\narch: stylegan2\nimage_size: 32\n"
    assert settings_of_run(f"{text}config: cifar\n", "pretrain").config == "cifar"
    assert settings_of_run(text, "pretrain").config == "auto"
    result = ktg("pretrain", "--data", "photos", "--out", "runs/a", "--arch", "stylegan2", "--config", "paper256")
    assert result.exit_code == 0


def test_family_of_a_recorded_pretraining_is_known(settings_of_run, tmp_path):
    settings = PretrainVaeSettings(data="photos", out="runs/a", beta=2.0)
    (tmp_path / "config.json").write_text(json.dumps({"command": "pretrain", "settings": recorded(settings)}))
    assert settings_of_run("", "pretrain", "--config", "config.json", "--out", "runs/a") == settings


@pytest.mark.parametrize(("command", "value", "text"), [
    ("pretrain", "papr256", "no configuration (auto, stylegan2, paper256, paper512, paper1024, cifar). Did you mean"),
    ("finetune", "paper256", "'paper256' is no file of settings (.yaml, .yml, .json), no RUN folder."),
    ("finetune", "nowhere.yaml", "There is no such file."),
    ("finetune", "bad.yaml", "bad.yaml: 'kimgs' is no setting of `ktg finetune`. Did you mean kimg?"),
    ("finetune", "old.yaml", "Missing option '--data'"),
    ("distill", "other.yaml", "other.yaml: 'data' is no setting of `ktg distill`."),
])  # fmt: skip
def test_other_values_are_refused_on_one_line(refused, monkeypatch, tmp_path, command, value, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("kimgs: 1")
    (tmp_path / "old.yaml").write_text("image_fit: pad")
    (tmp_path / "other.yaml").write_text("data: photos")
    assert text in refused(command, "--config", value)


def test_old_names_in_a_file_bring_a_warning(ktg, monkeypatch, tmp_path):
    monkeypatch.setattr(train, "run_training", lambda settings, dry_run, json: None)
    (tmp_path / "run.yaml").write_text(f"{FILE}image_fit: pad\n")
    result = ktg("finetune", "--config", tmp_path / "run.yaml")
    assert result.exit_code == 0 and "image_fit is now called resize_mode" in result.stderr
