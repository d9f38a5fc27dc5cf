import json

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training.results import result_table


def test_table_of_a_finished_run(finished):
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    table = result_table(finished, metrics)
    assert table.title.startswith(f"{finished.out} at 0.0 kimg (kept: ")
    assert table.header[:2] == ["", "KID x 1000"] and [row[0] for row in table.rows][0] == "source, before adapting"
    assert "12 generated images" in table.notes[0] and any(note.startswith("Transfer ") for note in table.notes)
