from keras_transfer_gen.training.checkpoint_folders import checkpoint_folder, latest_checkpoint, list_checkpoints


def test_checkpoints_are_listed_by_their_steps_and_the_newest_is_the_last(tmp_path):
    for step in (12, 3, 100):
        checkpoint_folder(tmp_path, step).mkdir()
    names = [path.name for path in list_checkpoints(tmp_path)]
    assert names == ["step-000000003", "step-000000012", "step-000000100"]
    assert latest_checkpoint(tmp_path) == checkpoint_folder(tmp_path, 100)


def test_half_written_checkpoints_and_other_folders_are_not_seen(tmp_path):
    (tmp_path / ".partial-x").mkdir()
    (tmp_path / "step-12").mkdir()
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "missing") is None
