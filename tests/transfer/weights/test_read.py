import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan, build_dcgan_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.weights.read import read_weights
from tests.stylegan2_fixtures import FOLDER, reference


def small_generator():
    return build_dcgan_generator(32, max_channels=16, latent_dim=8)


def by_path(model):
    return {p: v.numpy() for leaf in leaves(model) for p, v in zip(leaf.variable_paths(), leaf.variables, strict=True)}


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in found.items():
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


class Net(tf.Module):
    """Variables of one name beside one of its own."""

    def __init__(self):
        super().__init__()
        with tf.name_scope("gen/conv"):
            self.first = tf.Variable([[1.0, 2.0]], name="kernel")
        self.left, self.right = tf.Variable([0.0], name="bias"), tf.Variable([0.0], name="bias")


def test_model_and_keras_file_have_the_paths_of_the_layers(tmp_path):
    model = small_generator()
    model.save(tmp_path / "model.keras")
    expected = by_path(model)
    assert_same(read_weights(model), expected)
    assert_same(read_weights(str(tmp_path / "model.keras")), expected)
    assert list(read_weights(model)) == list(expected)


def test_gan_file_has_both_networks_without_average_and_optimizers(source_file):
    names = read_weights(source_file)
    assert {name.partition("/")[0] for name in names} == {"generator", "discriminator"}
    assert "generator/block_8/conv/kernel" in names


def test_dict_keeps_its_names_but_for_the_output_number():
    given = {"a/b": [[1, 2]], "gen/kernel:0": tf.Variable([1.0]), "c": keras.Variable(np.ones(2, "float32"))}
    found = read_weights(given)
    assert_same(found, {"a/b": np.array([[1, 2]]), "gen/kernel": np.ones(1), "c": np.ones(2)})


def test_npz_keeps_names_and_kinds(tmp_path):
    arrays = {"block_8/conv/kernel": np.ones((2, 3), "float16"), "count": np.array(3)}
    np.savez(tmp_path / "w.npz", **arrays)
    found = read_weights(tmp_path / "w.npz")
    assert_same(found, arrays)
    assert found["block_8/conv/kernel"].dtype == np.float16


def test_weights_file_leaves_optimizers_and_random_states_out_and_keeps_bfloat16(tmp_path):
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(2, name="logits", dtype="bfloat16")
    model = keras.Model(inputs, dense(keras.layers.Dropout(0.5, seed=1)(inputs)))
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    found = read_weights(tmp_path / "w.weights.h5")
    assert_same(found, {"logits/0": dense.kernel.numpy(), "logits/1": dense.bias.numpy()})
    assert found["logits/0"].dtype == tf.bfloat16.as_numpy_dtype


def test_weights_file_of_a_gan_tells_the_averaged_generator_apart(tmp_path):
    gan = GAN(*build_dcgan(32, max_channels=16, latent_dim=8))
    gan.compile()
    assert gan.ema_generator.name == "ema_generator"
    gan.ema_generator.get_layer("to_image").bias.assign([1.0, 2.0, 3.0])
    gan.save_weights(tmp_path / "w.weights.h5")
    found = read_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(found["ema_generator/to_image/1"], [1, 2, 3])
    np.testing.assert_array_equal(found["generator/to_image/1"], [0, 0, 0])
    assert {name.partition("/")[0] for name in found if "/" in name} == {
        "generator", "ema_generator", "discriminator",
    }  # fmt: skip


def test_weights_file_in_the_old_format_keeps_its_names(tmp_path):
    with h5py.File(tmp_path / "vgg.weights.h5", "w") as file:
        file["block1/conv1/kernel:0"] = np.ones((3, 3))
    assert_same(read_weights(tmp_path / "vgg.weights.h5"), {"block1/conv1/kernel": np.ones((3, 3))})


def test_weights_file_with_values_elsewhere_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"12345678")
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file.create_dataset("layers/a/vars/0", (1,), "float64", external=[(str(tmp_path / "secret"), 0, 8)])
    with pytest.raises(UserFileError, match="layers/a/vars/0 is kept in another file"):
        read_weights(tmp_path / "w.weights.h5")


def test_checkpoint_has_original_names_and_places_where_two_are_alike(tmp_path):
    net = Net()
    prefix = tf.train.Checkpoint(net=net).save(tmp_path / "ckpt")
    expected = {"gen/conv/kernel": [[1.0, 2.0]], "net/left": [0.0], "net/right": [0.0]}
    assert_same(read_weights(prefix), expected)


def test_checkpoint_leaves_the_state_of_optimizers_out(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="logits")])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    expected = {variable.path: variable.numpy() for variable in model.variables}
    assert sorted(expected) == [f"{model.name}/logits/bias", f"{model.name}/logits/kernel"]
    for saved in ({"model": model}, {"d_optimizer": model.optimizer, "model": model}):
        assert_same(read_weights(tf.train.Checkpoint(**saved).save(tmp_path / "ckpt")), expected)


def test_checkpoint_leaves_the_state_of_metrics_out_whatever_else_is_called_so(tmp_path):
    net, metric = tf.Module(), tf.Module()
    net.count, net.metrics = tf.Variable(1.0, name="count"), [tf.Variable(2.0, name="total")]
    metric.total, metric.count = tf.Variable(3.0, name="mean/total"), tf.Variable(4.0, name="mean/count")
    kept = tf.train.Checkpoint(metrics=tf.train.Checkpoint(first=metric))
    prefix = tf.train.Checkpoint(net=net, keras_api=kept).save(tmp_path / "ckpt")
    assert_same(read_weights(prefix), {"count": 1.0, "total": 2.0})


def test_checkpoint_of_tensorflow_1_has_its_names(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        with tf.compat.v1.variable_scope("gen/BatchNorm"):
            tf.compat.v1.get_variable("gamma", (3,), initializer=tf.compat.v1.ones_initializer())
        session.run(tf.compat.v1.global_variables_initializer())
        prefix = tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt"), global_step=7)
    assert prefix.endswith("model.ckpt-7")
    assert_same(read_weights(prefix), {"gen/BatchNorm/gamma": np.ones(3)})


def test_saved_model_of_keras_and_of_tensorflow_have_original_names(tmp_path):
    model = small_generator()
    model.export(tmp_path / "keras", verbose=False)
    assert_same(read_weights(tmp_path / "keras"), by_path(model))
    tf.saved_model.save(Net(), str(tmp_path / "module"))
    expected = {"gen/conv/kernel": [[1.0, 2.0]], "left": [0.0], "right": [0.0]}
    assert_same(read_weights(str(tmp_path / "module")), expected)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    np.savez(tmp_path / "w.npz", a=np.array([Trap()], dtype=object))
    (tmp_path / "sprung").unlink(missing_ok=True)
    with pytest.raises(UserFileError, match=r"without Python objects\. Received: .*w\.npz.*allow_pickle=False"):
        read_weights(tmp_path / "w.npz")
    (tmp_path / "plain.npz").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(UserFileError, match="is a zip archive, and this is none"):
        read_weights(tmp_path / "plain.npz")
    assert not (tmp_path / "sprung").exists()


def test_keras_file_with_code_in_it_is_refused(tmp_path):
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs)).save(tmp_path / "lambda.keras")
    with pytest.raises(UserFileError, match="It could not be read: .*[Ll]ambda"):
        read_weights(tmp_path / "lambda.keras")


@pytest.mark.parametrize("name", ["w.keras", "w.weights.h5", "w.npz"])
def test_damaged_file_is_named_with_the_reason(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 not what it says")
    with pytest.raises(UserFileError, match=rf"`weights` must be a readable file of weights.*{name}'\. It could not"):
        read_weights(tmp_path / name)


def test_damaged_checkpoint_is_named(tmp_path):
    prefix = tf.train.Checkpoint(net=Net()).save(tmp_path / "ckpt")
    (tmp_path / "ckpt-1.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(UserFileError, match=r"a readable file of weights.*ckpt-1"):
        read_weights(prefix)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.npz", "an existing file or folder.*Give a .keras, .weights.h5, .npz or .safetensors file"),
        ("model.h5", r"a .keras, .weights.h5, .npz or .safetensors file.*a preset. Received: .*model.h5"),
        ("ckpt-1.index", r"Give a checkpoint by its prefix: .*ckpt-1\.$"),
        ("folder", r"a folder with a saved_model.pb, or a file.*by its prefix: .*folder/ckpt-2\.$"),
        ("run", r"Give a file in it: .*run/checkpoints/gan.keras is the newest\.$"),
        ("empty", r"a folder with a saved_model.pb.*Give a .keras"),
        ("bare", r"a SavedModel with variables.*no variables/variables.index"),
    ],
)
def test_path_of_another_kind_is_refused_with_what_to_give(tmp_path, name, message):
    folders = ("folder/ckpt-1.index", "folder/ckpt-2.index", "bare/saved_model.pb", "run/checkpoints/gan.keras")
    for file in ("model.h5", "ckpt-1.index", *folders):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserFileError, match=message):
        read_weights(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (7, r"a dict of arrays, a Keras model or a path\. Received: weights=7"),
        ({"a": "text"}, r"arrays of real numbers.*'a' is none"),
        ({"a": np.ones(2, complex)}, r"arrays of real numbers. Received: weights='complex128'"),
        ({"a": [None]}, "arrays of real numbers"),
        ({"a": 1.0, "a:0": 2.0}, r"one array for each name. Received: weights='a'"),
    ],
)
def test_other_sources_are_refused(source, message):
    with pytest.raises(UserError, match=message):
        read_weights(source)


def test_networks_of_another_program_have_the_official_names(tmp_path):
    weights = read_weights(FOLDER / "ada_skip.pkl")
    assert weights["G_ema.mapping.fc0.weight"].shape == (10, 8) and weights["b16.conv0.weight"].shape == (4, 4, 3, 3)
    np.testing.assert_array_equal(weights["mapping.w_avg"], reference("ada_skip.pkl")["w_avg"])
    (tmp_path / "page.pkl").write_text("<html>", "utf-8")
    with pytest.raises(UserError, match="`weights` must be a StyleGAN2 pickle.*web page"):
        read_weights(tmp_path / "page.pkl")
