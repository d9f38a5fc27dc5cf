import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import tables
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.layers import FusedBatchNormalization
from keras_transfer_gen.protocols import MultiNetwork
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.blocks import freeze_d, freeze_g, last_n
from keras_transfer_gen.transfer.freezing.freeze import freeze, model_layout
from keras_transfer_gen.transfer.freezing.rules import all_but, scale_shift_only
from keras_transfer_gen.transfer.paths import leaves


class Block(keras.layers.Layer):
    def __init__(self, norm=FusedBatchNormalization, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(3, 3, padding="same", name="conv")
        self.norm = norm(name="norm")

    def build(self, input_shape):
        self.strength = self.add_weight(shape=(), initializer="ones", name="strength")
        self.conv.build(input_shape)
        self.norm.build((*input_shape[:-1], 3))

    def call(self, x, training=None):
        return self.norm(self.conv(x), training=training) * self.strength


class Networks(MultiNetwork):
    def __init__(self, **roles):
        self._roles = roles

    @property
    def roles(self):
        return self._roles


def small_model(**kwargs):
    x = inputs = keras.Input((4, 4, 3))
    for name in ("block_1", "block_10"):
        x = Block(name=name, **kwargs)(x)
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(x))


def flags(model):
    return {row.path: row.trainable for row in freeze(model, {}).rows}


def trained_by_nature(path):
    return not path.endswith(("moving_mean", "moving_variance", "vector_u"))


def moved(model, training=True):
    """Paths of the variables that one step of SGD changes."""
    images = np.random.default_rng(0).standard_normal((8, 4, 4, 3)).astype("float32")
    paths = [row.path for row in freeze(model, {}).rows]
    before = {id(v): v.numpy() for v in model.weights}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(images, training=training) ** 2)
    variables = model.trainable_variables
    keras.optimizers.SGD(0.1).apply(tape.gradient(loss, variables), variables)
    changed = [not np.array_equal(before[id(v)], v.numpy()) for v in model.weights]
    by_model_order = dict(zip(_paths_of_weights(model), changed, strict=True))
    assert sorted(by_model_order) == sorted(paths)
    return {path for path, change in by_model_order.items() if change}


def _paths_of_weights(model):
    names = {id(v): p for leaf in leaves(model) for v, p in zip(leaf.variables, leaf.variable_paths(), strict=True)}
    return [names[id(v)] for v in model.weights]


def test_everything_moves_where_nothing_is_frozen():
    model = small_model()
    # A bias before batch normalisation has no gradient but for rounding; it is left out here.
    assert {p for p in flags(model) if not p.endswith("conv/bias")} <= moved(model)


@pytest.mark.parametrize("norm", [FusedBatchNormalization, keras.layers.BatchNormalization])
def test_frozen_block_is_bit_identical_statistics_included(norm):
    model = small_model(norm=norm)
    report = freeze(model, {"block_1/.*": False})
    frozen = {row.path for row in report.rows if row.path.startswith("block_1/")}
    assert not any(row.trainable for row in report.rows if row.path in frozen)
    changed = moved(model)
    assert not changed & frozen
    assert {"block_10/conv/kernel", "block_10/norm/moving_mean", "logits/kernel"} <= changed


def test_first_rule_that_fits_decides_and_the_rest_keeps_its_flag():
    model = small_model()
    freeze(model, {"logits/bias": False})
    found = {row.path: row.trainable for row in freeze(model, [("block_1/conv", True), ("block_1/.*", False)]).rows}
    assert found["block_1/conv/kernel"] and not found["block_1/norm/gamma"]
    assert found["block_10/conv/kernel"] and found["logits/kernel"] and not found["logits/bias"]


def test_block_1_never_matches_block_10():
    report = freeze(small_model(), {"block_1/conv": False})
    assert [row.path for row in report.rows if not row.trainable and trained_by_nature(row.path)] == [
        "block_1/conv/kernel",
        "block_1/conv/bias",
    ]
    # the wrong variant, a search instead of a full match, takes block_10 as well
    assert re.search("block_1", "block_10/conv")


def test_agreeing_variables_set_the_layer_and_single_ones_only_themselves():
    model = small_model()
    block = model.get_layer("block_1")
    freeze(model, {"block_1/norm/gamma": False})
    assert block.norm.trainable and not block.norm.gamma.trainable and block.norm.beta.trainable
    freeze(model, {"block_1/norm": False})
    assert not block.norm.trainable and block.trainable and block.conv.trainable
    assert model.trainable


def test_statistics_can_be_held_while_scale_and_offset_are_trained():
    model = small_model()
    freeze(model, [(".*/norm/moving_.*", False), ("block_1.*", True)])
    changed = moved(model)
    assert {"block_1/norm/gamma", "block_1/norm/beta", "block_1/conv/bias"} <= changed
    assert not any("moving" in path for path in changed)


def test_scale_frozen_on_a_frozen_norm_keeps_statistics_held():
    model = small_model()
    freeze(model, {".*": False})
    freeze(model, {"block_1/norm/gamma": True})
    assert moved(model) == {"block_1/norm/gamma"}


def test_weight_of_a_block_is_frozen_apart_from_its_sublayers():
    model = small_model()
    freeze(model, {"block_1": False})
    changed = moved(model)
    assert "block_1/strength" not in changed and "block_1/conv/kernel" in changed


def test_freezing_twice_then_unfreezing_restores_everything():
    model = small_model()
    before = flags(model)
    freeze(model, {"block_1/.*": False, "logits/bias": False})
    freeze(model, {"block_1/norm/gamma": False, "block_10/norm": False})
    freeze(model, {".*": False})
    assert not any(flags(model).values()) and moved(model) == set()
    freeze(model, {".*": True})
    assert flags(model) == before
    assert {path for path, on in before.items() if on} == {path for path in before if trained_by_nature(path)}
    assert "block_1/norm/moving_mean" in moved(model)


def test_model_switched_off_whole_by_hand_is_released_where_a_rule_asks():
    model = small_model()
    model.trainable = False
    freeze(model, {"block_10/conv": True})
    assert moved(model) <= {"block_10/conv/kernel", "block_10/conv/bias"}
    assert "block_10/conv/kernel" in moved(model)


def test_layer_made_frozen_can_be_released():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="dense", trainable=False)(inputs))
    assert freeze(model, {"dense": True}).trainable_parameters == 8


def test_model_with_its_own_counter_still_trains_its_layers():
    class Counting(keras.Model):
        def __init__(self):
            super().__init__(name="counting")
            self.steps = self.add_weight(shape=(), trainable=False, name="steps")
            self.dense = keras.layers.Dense(2, name="dense")

        def call(self, x):
            return self.dense(x)

    model = Counting()
    model(np.zeros((1, 3), np.float32))
    freeze(model, {".*": False})
    freeze(model, {"dense/kernel": True})
    assert [v.name for v in model.trainable_variables] == ["kernel"]


def test_freeze_d_holds_the_first_blocks_of_a_discriminator():
    generator, discriminator = build_dcgan(32, max_channels=32)
    networks = Networks(generator=generator, discriminator=discriminator)
    report = freeze(networks, freeze_d(blocks=2))
    frozen = {row.path for row in report.rows if not row.trainable and trained_by_nature(row.path)}
    assert frozen == {f"discriminator/block_{side}/conv/{name}" for side in (32, 16) for name in ("kernel", "bias")}
    assert len(discriminator.trainable_variables) == len(discriminator.weights) - 4


def test_rule_makers_and_pairs_can_be_mixed():
    generator, discriminator = build_dcgan(32, max_channels=32)
    networks = Networks(generator=generator, discriminator=discriminator)
    report = freeze(networks, [freeze_d(1), ("generator/to_image", False)])
    frozen = {row.path.rsplit("/", 1)[0] for row in report.rows if not row.trainable and trained_by_nature(row.path)}
    assert frozen == {"discriminator/block_32/conv", "generator/to_image"}


def test_rule_that_matches_nothing_names_the_nearest_and_changes_nothing():
    model = small_model()
    before = flags(model)
    with pytest.raises(
        UserError, match=r"`rules` must be regular expressions that match.*'block_2/conv'.*block_1/conv"
    ):
        freeze(model, {"logits": False, "block_2/conv": False})
    assert flags(model) == before
    with pytest.raises(UserError, match=r"rules='block_'\. Nearest paths: .*from end to end"):
        freeze(model, {"block_": False})


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"block_(": False}, r"valid regular expressions. Received: rules='block_\('.*Python's re says"),
        (
            {"logits": "false"},
            r"pairs of a regular expression and True or False. Received: rules=\('logits', 'false'\)",
        ),
        ({"logits": 0}, "True or False"),
        ([("logits", False, 1)], "pairs of a regular expression"),
        ("logits", "a dict, a list of pairs or a rule maker. Received: rules='logits'"),
        (None, "a dict, a list of pairs or a rule maker"),
        (freeze_d(1), r"a GAN with layers discriminator/block_<resolution>.*Received: model='block_1, "),
    ],
)
def test_malformed_rules_are_refused(rules, message):
    with pytest.raises(UserError, match=message):
        freeze(small_model(), rules)


def test_model_without_weights_is_refused():
    with pytest.raises(UserError, match=r"`model` must be a model with weights.*call it on a batch"):
        freeze(keras.Sequential([keras.layers.Dense(2)]), {".*": False})


def spectral_model():
    inputs = keras.Input((4, 4, 3))
    conv = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3), name="conv")
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(conv(inputs)))


def test_frozen_spectral_normalisation_keeps_kernel_and_vector():
    model = spectral_model()
    freeze(model, {"conv": False})
    assert moved(model) == {"logits/kernel", "logits/bias"}
    freeze(model, {".*": True})
    assert {"conv/vector_u", "conv/kernel"} <= moved(model)


def test_spectral_normalisation_with_a_frozen_kernel_alone_holds_it():
    model = spectral_model()
    freeze(model, {"conv/kernel": False})
    assert moved(model) == {"conv/bias", "logits/kernel", "logits/bias"}


def test_spectral_normalisation_keeps_still_while_scales_and_shifts_move():
    model = spectral_model()
    freeze(model, scale_shift_only())
    assert moved(model) == {"conv/bias", "logits/bias"}


@pytest.mark.parametrize("norm", [FusedBatchNormalization, keras.layers.BatchNormalization])
def test_scales_and_shifts_move_alone_and_bit_identical_is_the_rest(norm):
    model = small_model(norm=norm)
    freeze(model, scale_shift_only())
    # A bias before batch normalisation moves too where the norm holds its statistics.
    expected = {
        f"{block}/{name}" for block in ("block_1", "block_10") for name in ("conv/bias", "norm/gamma", "norm/beta")
    }
    assert moved(model) == expected | {"logits/bias"}


class Group(keras.layers.Layer):
    """Holds variables under names with "/", as the layer of a loaded graph does: one level of groups for each part."""

    def __init__(self, name):
        super().__init__(name=name)
        self.groups = {}
        self.built = True

    def add(self, path, variable):
        first, _, rest = path.partition("/")
        if rest:
            if first not in self.groups:
                self.groups[first] = Group(first)
            self.groups[first].add(rest, variable)
        else:
            self.add_weight(shape=variable.shape, name=first, trainable=trained_by_nature(first))


@pytest.mark.parametrize(
    "rules",
    [
        {"generator/block_8/.*": False, "generator/block_16/conv": False, ".*/moving_.*": False},
        [freeze_g(2), freeze_d(1)],
        scale_shift_only(),
        last_n(2),
        last_n(1, role="generator"),
        all_but("generator/to_image", ".*/gamma"),
    ],
)
def test_rules_are_the_same_for_variables_of_a_loaded_graph(rules):
    generator, discriminator = build_dcgan(32, max_channels=32)
    networks = {"generator": generator, "discriminator": discriminator}
    groups = {role: Group(role) for role in networks}
    for role, network in networks.items():
        for variable in network.variables:
            groups[role].add(variable.path, variable)
    graph = {row.path: row.trainable for row in freeze(Networks(**groups), rules).rows}
    assert graph == {row.path: row.trainable for row in freeze(Networks(**networks), rules).rows}
    assert not all(on for path, on in graph.items() if trained_by_nature(path))


def test_one_statistic_to_be_held_holds_the_norm():
    generator, discriminator = build_dcgan(32, latent_dim=8, max_channels=8, min_channels=4)
    networks = Networks(generator=generator, discriminator=discriminator)
    freeze(networks, {"generator/block_8/norm/moving_mean": False})
    norm = generator.get_layer("block_8").norm
    before = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    generator(np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32), training=True)
    assert np.array_equal(norm.moving_mean, before[0]) and np.array_equal(norm.moving_variance, before[1])
    assert norm.gamma.trainable and norm.beta.trainable
    assert generator.get_layer("block_16").norm.trainable


def test_blocks_are_those_that_the_architecture_states(monkeypatch):
    stated = {"generator": ["generator/to_image", "generator/block_32"], "discriminator": ["discriminator/block_16"]}
    dcgan = tables.load(tables.ARCHITECTURES["dcgan"])
    other = dataclasses.replace(dcgan, find_blocks=lambda role, paths: stated[role])
    spec = ModelSpec(image_size=32, channels=3, latent_dim=8, arch="dcgan")
    gan = GAN(*dcgan.build(spec, {"max_channels": 8, "min_channels": 4}), spec=spec)
    assert not any(model_layout(gan).blocks.values())  # a DCGAN's are told by their names
    assert last_n(1, role="generator").rules(model_layout(gan))[0] == ("generator/to_image(/.*)?", True)
    monkeypatch.setattr(tables, "architecture_of", lambda spec: other)
    assert model_layout(gan).blocks == {**stated, "generator": stated["generator"][::-1]}
    report = freeze(gan, [freeze_g(1), freeze_d(1)])
    frozen = {row.path.split("/")[1] for row in report.rows if not row.trainable and trained_by_nature(row.path)}
    assert frozen == {"block_32", "block_16"}
