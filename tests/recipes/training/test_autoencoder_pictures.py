import types

import numpy as np
from PIL import Image

from keras_transfer_gen.recipes.report import curves
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.training import Training
from keras_transfer_gen.recipes.training.autoencoder_pictures import draw_pictures


def test_reconstructions_and_curves_are_written_whether_or_not_something_was_trained(vq, tmp_path):
    run = types.SimpleNamespace(folder=RunFolder(tmp_path))
    images = types.SimpleNamespace(holdout=np.zeros((4, 32, 32, 3), np.uint8))
    seen = []

    def panels(*arguments):
        seen.append(arguments)
        return curves.vq_panels(*arguments)

    draw_pictures(run, images, Training(vq, records=[{"kimg": 0.0, "psnr": 9.0}]), None, panels)
    run.folder.history_file.write_text("kimg,nats\n1,5\n")
    draw_pictures(run, images, Training(vq), Training(vq, records=[{"kimg": 0.0, "nats": 3.0}]), panels)
    assert [len(arguments[0]) for arguments in seen] == [0, 1]
    assert seen[0][1] == [{"kimg": 0.0, "psnr": 9.0}] and seen[1][2] == [{"kimg": 0.0, "nats": 3.0}]
    with Image.open(tmp_path / "reconstructions.png") as picture:
        assert picture.width >= 128
    assert (tmp_path / "curves.png").is_file()
