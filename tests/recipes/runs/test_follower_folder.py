from keras_transfer_gen.recipes.runs.follower_folder import FollowerFolder
from keras_transfer_gen.recipes.runs.run_folder import RunFolder


def test_follower_writes_nothing_and_remembers_notes(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    folder = FollowerFolder(tmp_path / "run")
    with folder.locked("finetune", None, "start"):
        folder.clear()
        folder.sweep()
        folder.record("finetune", None, {}, finished=True)
        folder.begin_stage(1.0)
        folder.forget_best()
        folder.keep_source(tmp_path, folder.source)
    folder.note(distance=1.0)
    folder.note(precision="float32")
    assert sorted(tmp_path.rglob("*")) == before and folder.exists
    assert folder.notes() == {"distance": 1.0, "precision": "float32"}


def test_every_writing_method_of_a_run_folder_is_overridden():
    """A new method that writes must be decided on here."""
    reading = {"exists", "keeps_source", "config", "open"}
    methods = {name for name in vars(RunFolder) if not name.startswith("_")}
    assert methods - reading == {name for name in vars(FollowerFolder) if not name.startswith("_")}
