import json

import numpy as np

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training.measure import BEFORE


def test_source_is_measured_before_training(finished):
    folder = RunFolder(finished.out)
    notes = folder.notes()
    assert notes["arithmetic"] == "float32" and notes["probe"] == {} and "your images" in notes["sentence"]
    assert np.isfinite(notes["distance"])
    metrics = json.loads(folder.metrics_file.read_text())
    assert notes["kid_before"] == metrics["kid_before"] and notes["kid_floor"] == metrics["kid_floor"]
    kept = np.load(folder.checkpoints / BEFORE)
    assert np.array_equal(kept, load_gan(finished.source).generate(len(kept)))
