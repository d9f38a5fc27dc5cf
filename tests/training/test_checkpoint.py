import numpy as np
import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training import checkpoint, checkpoint_folders, precision
from keras_transfer_gen.training.gan import GAN


def make_gan():
    gan = GAN(*build_dcgan(32, latent_dim=8, max_channels=8, min_channels=4))
    gan.compile(augment="diffaugment")
    return gan


def test_checkpoint_brings_back_everything(tmp_path):
    gan = make_gan()
    gan.fit(np.zeros((8, 32, 32, 3), np.uint8), batch_size=4, verbose=0)
    path = checkpoint.save_checkpoint(gan, tmp_path, {"seconds": 1.5})
    assert path == checkpoint.latest_checkpoint(tmp_path)
    twin, state = checkpoint.load_checkpoint(path)
    assert state == {"seconds": 1.5} and int(twin.step.numpy()) == 2
    for mine, theirs in ((gan, twin), (gan.g_optimizer, twin.g_optimizer), (gan.d_optimizer, twin.d_optimizer)):
        assert all(np.array_equal(a, b) for a, b in zip(mine.variables, theirs.variables, strict=True))


def test_last_two_checkpoints_are_kept_and_a_damaged_one_falls_back_to_the_one_before(tmp_path):
    gan, lines = make_gan(), []
    for step in (1, 2, 3):
        gan.step.assign(step)
        checkpoint.save_checkpoint(gan, tmp_path, {"number": step})
    names = [path.name for path in checkpoint_folders.list_checkpoints(tmp_path)]
    assert names == ["step-000000002", "step-000000003"]

    def newest():
        return checkpoint.newest_whole(tmp_path, lambda path: checkpoint.restore_checkpoint(gan, path), lines.append)

    path, state = newest()
    assert (path.name, state) == ("step-000000003", {"number": 3}) and lines == []
    (path / "state.json").write_text("{")
    path, state = newest()
    assert (path.name, state, int(gan.step.numpy())) == ("step-000000002", {"number": 2}, 2)
    assert lines == [
        "the checkpoint step-000000003 is damaged and was removed: the one before it, step-000000002, is taken"
    ]
    (path / "gan.keras").unlink()
    with pytest.raises(checkpoint.DamagedCheckpoint, match="Its model is missing"):
        newest()
    assert path.is_dir()  # nothing is removed where none is whole
    assert checkpoint.newest_whole(tmp_path / "missing", newest, lines.append) is None


def test_restored_model_is_as_it_was_and_keeps_what_was_traced(tmp_path):
    gan, images = make_gan(), np.zeros((8, 32, 32, 3), np.uint8)
    gan.fit(images, batch_size=4, verbose=0)
    path, traced = checkpoint.save_checkpoint(gan, tmp_path, {}), gan.train_function
    variables = [v for part in (gan, gan.g_optimizer, gan.d_optimizer) for v in part.variables]
    before = [v.numpy() for v in variables]
    gan.fit(images, batch_size=4, verbose=0)
    gan.g_optimizer.learning_rate = 5.0
    assert not all(np.array_equal(v.numpy(), value) for v, value in zip(variables, before, strict=True))
    assert checkpoint.restore_checkpoint(gan, path) == {} and gan.train_function is traced
    assert all(np.array_equal(v.numpy(), value) for v, value in zip(variables, before, strict=True))


def test_models_are_saved_in_float32_whatever_they_train_in(tmp_path):
    import keras

    gan = make_gan()
    precision.set_precision(gan.generator, "bfloat16")
    checkpoint.save_model(gan, tmp_path / "gan.keras")
    assert gan.generator.get_layer("block_8").conv.compute_dtype == "bfloat16"
    assert (
        keras.models.load_model(tmp_path / "gan.keras").generator.get_layer("block_8").conv.compute_dtype == "float32"
    )


def test_vae_is_kept_under_its_own_name_in_float32(tmp_path, vae_file):
    from keras_transfer_gen.recipes.models.load_vae import load_vae

    vae = load_vae(vae_file)
    for network in vae.roles.values():
        precision.set_precision(network, "bfloat16")
    path = checkpoint.save_checkpoint(vae, tmp_path, {})
    assert (path / "vae.keras").is_file() and not (path / "gan.keras").exists()
    twin, _ = checkpoint.load_checkpoint(path)
    assert twin.decoder.get_layer("block_8").compute_dtype == "float32"
    assert vae.decoder.get_layer("block_8").compute_dtype == "bfloat16"
    assert all(np.array_equal(a, b) for a, b in zip(vae.optimizer.variables, twin.optimizer.variables, strict=True))


def test_damaged_checkpoint_says_so_and_what_to_do(tmp_path):
    path = checkpoint.save_checkpoint(make_gan(), tmp_path, {})
    file = path / "gan.keras"
    whole = file.read_bytes()
    middle = len(whole) // 2
    turned = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 64]) + whole[middle + 64 :]
    for damaged, text in ((whole[:5000], "It is damaged or cut off"), (turned, "Its part .* is damaged")):
        file.write_bytes(damaged)
        with pytest.raises(UserFileError, match=rf"`path` must be a checkpoint that is whole.*{text}\..*--overwrite"):
            checkpoint.load_checkpoint(path)
