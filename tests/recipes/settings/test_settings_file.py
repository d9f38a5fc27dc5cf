import json

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.run_folder import recorded
from keras_transfer_gen.recipes.settings.compat import CLASSES
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.settings_file import is_settings_file, read_settings_file
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings

BY_COMMAND = {
    "finetune": (FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings),
    "pretrain": (PretrainSettings, PretrainVaeSettings, PretrainVqSettings),
}


@pytest.fixture
def read(tmp_path):
    """Function: text, command, name of the file -> its `SettingsFile`."""

    def build(text, command="finetune", name="run.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_settings_file(path, command, BY_COMMAND[command])

    return build


def test_names_and_values_are_read(read):
    file = read(
        "command: finetune\ndata: photos\nbatch-size: 8\nlearning_rate: 1e-3\nkimg: 5\nreference:\noverwrite: true\n"
        "freeze: generator/block_4/.*=false\nevaluate-every: 2\nregularizer: [l2sp]\npixel_range: [0, 1]\nlabels: 10\n"
    )
    assert file.values == {
        "data": "photos", "batch_size": 8, "learning_rate": 0.001, "kimg": 5.0, "overwrite": True,
        "freeze": ["generator/block_4/.*=false"], "evaluate_every_kimg": 2.0, "regularizers": ["l2sp"],
        "pixel_range": "0,1", "labels": 10,
    }  # fmt: skip
    assert file.family == "gan" and file.renamed == []


def test_old_names_and_values_are_read_as_those_of_today(read):
    file = read("image_fit: pad\nmethod: miner\n")
    assert file.values == {"resize_mode": "pad", "method": "minegan"}
    assert file.renamed == [("image_fit", "resize_mode"), ("method='miner'", "method='minegan'")]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_what_a_run_recorded_is_read_back(tmp_path, make, cls):
    regularizers = () if cls.family == "vq" else ("l2sp:weight=0.1",)
    settings = make(cls, kimg=3.0, seed=7, regularizers=regularizers)
    content = {"command": cls.command, "version": "0.2.0", "finished": True, "settings": recorded(settings)}
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert is_settings_file(str(tmp_path))
    for path in (tmp_path, tmp_path / "config.json"):
        file = read_settings_file(path, cls.command, BY_COMMAND[cls.command])
        assert cls(**file.values, out=settings.out) == settings
        assert file.family == cls.family


@pytest.mark.parametrize(("text", "message"), [
    ("kimg: many", "`kimg` must be a number. Received: kimg='many'."),
    ("kimg: -1", "`kimg` must be a number above 0. Received: kimg=-1.0. Such as --kimg 20."),
    ("kimg: true", "`kimg` must be a number."),
    ("batch_size: 8.5", "`batch_size` must be a whole number."),
    ("overwrite: 1", "`overwrite` must be true or false."),
    ("penalty: off", "`penalty` must be text. Received: penalty=False. Put it into quotes."),
    ("freeze: [1]", "`freeze` must be a list of texts."),
    ("method: fll", "`method` must be one of 'full', 'bsa', 'minegan'"),
    ("leraning_rate: 1", "'leraning_rate' is no setting of `ktg finetune`. Did you mean learning_rate"),
    ("dry_run: true", "'dry_run' is no setting of `ktg finetune`."),
    ("image_fit: pad\nresize_mode: pad", "`image_fit` must be left out beside `resize_mode`"),
    ("command: pretrain", "these are settings of `ktg pretrain`, not of `ktg finetune`."),
    ("model: gna", "`model` must be one of gan, vae, vq."),
    ("model: vae\nfreeze_d: 1", "'freeze_d' is no setting of `ktg finetune`."),
    ("kimg: 1\nkimg: 2", "can't be read: kimg stands in it twice."),
    ("a: [", "can't be read: no valid YAML"),
    ("- 1", "must hold a table of settings"),
    ("", "must hold a table of settings"),
])  # fmt: skip
def test_mistakes_are_told_on_one_line_with_the_file(read, tmp_path, text, message):
    with pytest.raises(checks.USER_ERRORS) as error:
        read(text)
    line = str(error.value)
    assert line.startswith(f"{tmp_path / 'run.yaml'}: ") and message in line and "\n" not in line


def test_broken_large_and_missing_files_are_refused(read, tmp_path):
    with pytest.raises(checks.UserFileError, match=r"run.json: can't be read: Expecting"):
        read("{", name="run.json")
    with pytest.raises(checks.UserFileError, match="too large"):
        read("#" * 1_000_001)
    with pytest.raises(checks.UserFileError, match=r"There is no such file. `ktg init FOLDER` writes one\."):
        read_settings_file(tmp_path / "nowhere.yaml", "finetune", BY_COMMAND["finetune"])


def test_names_of_configurations_are_no_files(tmp_path):
    names = {"run.yaml": True, "a/RUN.YML": True, "config.json": True, "auto": False, "paper256": False}
    assert {name: is_settings_file(name) for name in names} == names
    assert not is_settings_file(str(tmp_path))


def test_family_is_known_where_only_one_has_all_the_settings(read):
    assert read("kimg: 1", "pretrain").family is None
    assert read("beta: 2", "pretrain").family == "vae"
    assert read("model: vae\nkimg: 1", "pretrain").family == "vae"
    assert "model" not in settings_of(PretrainSettings)
