import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.callbacks import ScoreEvery
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.tensorboard_log import TensorBoardLog

DATA = tf.data.Dataset.from_tensors(np.zeros((10, 32, 32, 3), np.uint8)).repeat()


@pytest.fixture(scope="module")
def tags(tmp_path_factory):
    """{tag: [(step, plugin), ...]} of two `fit`s of the same training: 6 steps of 10 images, then 2."""
    folder = tmp_path_factory.mktemp("logs")
    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=4, min_channels=4))
    gan.compile(penalty=None)
    scores = ScoreEvery(
        lambda model: {"kid": 2.0}, 0.03, [{"kimg": 0.0, "kid": 5.0, "source": True}], every_epoch=False
    )
    log = TensorBoardLog(folder, 0.02, 0.04, num=4, hyperparameters={"seed": 3}, scores=scores)
    for steps in (6, 2):
        gan.fit(DATA, steps_per_epoch=steps, verbose=0, callbacks=[scores, log])
    tags = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                tags.setdefault(value.tag, []).append((event.step, value.metadata.plugin_data.plugin_name))
    return tags


def test_losses_are_written_by_images_shown(tags):
    assert [step for step, _ in tags["loss/d_loss"]] == [20, 40, 60, 80]
    assert {plugin for _, plugin in tags["loss/g_loss"]} == {"scalars"}


def test_scores_are_written_once_where_they_were_taken(tags):
    assert [step for step, _ in tags["score/kid"]] == [0, 30, 60, 80] and "score/source" not in tags


def test_sheets_and_settings_are_written(tags):
    assert [step for step, _ in tags["images"]] == [0, 40, 80]
    assert {plugin for _, plugin in tags["images"]} == {"images"}
    assert tags["_hparams_/session_start_info"][0] == (0, "hparams") and "settings" in tags


@pytest.mark.parametrize("arguments", [{"kimg": 0}, {"image_kimg": -1}, {"num": -1}])
def test_numbers_that_can_not_be_used_are_refused(tmp_path, arguments):
    with pytest.raises(checks.UserError, match=f"`{next(iter(arguments))}` must be"):
        TensorBoardLog(tmp_path, **arguments)
