import re

import keras
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.protocols import LipschitzBounded
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.blocks import freeze_d, freeze_g, last_n
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.rules import ModelLayout
from tests.transfer.freezing.small_gan import path_begins, trained_paths, weight_paths

LAYERS = [f"discriminator/block_{side}/conv" for side in (8, 128, 16, 64)] + [
    "discriminator/block_4",
    "generator/block_8",
]


def test_freeze_d_takes_the_highest_resolutions_whatever_the_order():
    rules = freeze_d(blocks=2).rules(ModelLayout(LAYERS))
    assert rules == [("discriminator/block_128(/.*)?", False), ("discriminator/block_64(/.*)?", False)]


def test_freeze_d_takes_block_4_itself_and_never_a_longer_number():
    rules = freeze_d(blocks=5).rules(ModelLayout(LAYERS))
    matched = {path for path in LAYERS for regex, _ in rules if re.fullmatch(regex, path)}
    assert matched == {path for path in LAYERS if path.startswith("discriminator")}
    (rule,) = freeze_d(1).rules(ModelLayout(["discriminator/block_8/conv"]))
    assert not re.fullmatch(rule[0], "discriminator/block_80/conv")


def test_freeze_d_with_more_blocks_than_exist_says_how_many_there_are():
    with pytest.raises(UserError, match=r"`blocks` must be at most 5\. Received: blocks=6.*has 5: block_128, block_64"):
        freeze_d(blocks=6).rules(ModelLayout(LAYERS))


def test_freeze_d_needs_at_least_one_block():
    with pytest.raises(UserError, match=r"`blocks` must be an integer of at least 1.*--freeze-d"):
        freeze_d(blocks=0)


def test_freeze_d_needs_a_discriminator_of_blocks():
    with pytest.raises(UserError, match=r"a GAN with layers discriminator/block_<resolution>"):
        freeze_d().rules(ModelLayout(["block_8/conv", "logits"]))


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_freeze_g_freezes_the_blocks_next_to_the_latents(gan, blocks):
    frozen = [f"generator/block_{side}/" for side in (4, 8, 16, 32)][:blocks]
    assert trained_paths(gan, freeze_g(blocks)) == weight_paths(gan) - path_begins(weight_paths(gan), *frozen)


def test_freeze_g_takes_the_lowest_resolutions_whatever_the_order_and_never_a_longer_number():
    layers = [f"generator/block_{side}/conv" for side in (16, 4, 40, 8)] + ["discriminator/block_2"]
    rules = freeze_g(2).rules(ModelLayout(layers))
    assert rules == [("generator/block_4(/.*)?", False), ("generator/block_8(/.*)?", False)]
    assert not any(re.fullmatch(regex, "generator/block_40/conv") for regex, _ in rules)


def test_freeze_g_and_freeze_d_go_together(gan):
    frozen = path_begins(weight_paths(gan), "generator/block_4/", "discriminator/block_32/")
    assert trained_paths(gan, [freeze_g(1), freeze_d(1)]) == weight_paths(gan) - frozen


def test_freeze_g_refuses_what_does_not_fit(gan):
    with pytest.raises(UserError, match=r"`blocks` must be an integer of at least 1\. Received: blocks=0"):
        freeze_g(0)
    with pytest.raises(UserError, match=r"`blocks` must be at most 4\. Received: blocks=5\. .*has 4: block_4, block_8"):
        freeze(gan, freeze_g(5))
    with pytest.raises(UserError, match=r"a GAN with layers generator/block_<resolution>.*model='block_4/dense, "):
        freeze(gan.generator, freeze_g())


def test_last_n_trains_the_last_blocks_of_each_network_or_of_one(gan):
    generator, discriminator = (path_begins(weight_paths(gan), role) for role in ("generator/", "discriminator/"))
    ends = path_begins(generator, "generator/block_32/", "generator/to_image/")
    assert trained_paths(gan, last_n(2, role="generator")) == ends | discriminator
    last = path_begins(discriminator, "discriminator/block_4/", "discriminator/logits/")
    assert trained_paths(gan, last_n(2)) == ends | last


def test_last_n_of_a_plain_model_takes_its_layers(gan):
    assert trained_paths(gan.discriminator, last_n(1)) == {"logits/kernel", "logits/bias"}
    inputs = keras.Input((3,))
    single = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
    assert trained_paths(single, last_n(1)) == {"logits/kernel", "logits/bias"}


@pytest.mark.parametrize("top", ["", "generator/"])
def test_last_n_goes_down_to_where_the_layers_part(top):
    layers = [f"{top}graph/Net/{block}" for block in ("a/conv", "a/norm", "a.b", "c/d/conv")]
    assert last_n(2).rules(ModelLayout(layers)) == [
        (rf"{top}graph/Net/a\.b(/.*)?", True),
        (f"{top}graph/Net/c(/.*)?", True),
        (".*", False),
    ]


def test_last_n_refuses_what_does_not_fit(gan):
    with pytest.raises(UserError, match=r"`n` must be an integer of at least 1\. Received: n=0"):
        last_n(0)
    with pytest.raises(UserError, match=r"`n` must be at most 5.*n=6\. generator has 5: generator/block_4, "):
        freeze(gan, last_n(6))
    with pytest.raises(UserError, match=r"`role` must be one of 'generator', 'discriminator'.*Did you mean generator"):
        freeze(gan, last_n(1, role="generators"))
    with pytest.raises(UserError, match=r"`role` must be .*role='generator'.*role=None"):
        freeze(gan.generator, last_n(1, role="generator"))


class Head(keras.layers.Dense, LipschitzBounded):
    """A head as `add_feature_heads` gives a discriminator."""


@pytest.fixture(scope="module")
def gan_with_heads(gan):
    """The same networks, with two heads beside the discriminator's own logits."""
    images = gan.discriminator.input
    pixels = keras.layers.GlobalAveragePooling2D()(images)
    heads = [Head(1, name=f"head_{number}")(pixels) for number in range(2)]
    discriminator = keras.Model(images, [gan.discriminator.output, *heads], name="discriminator")
    return GAN(gan.generator, discriminator, spec=gan.spec)


def test_heads_are_no_blocks_and_are_trained_with_the_last_ones(gan_with_heads):
    heads = {f"discriminator/head_{number}/{name}" for number in range(2) for name in ("kernel", "bias")}
    weights = weight_paths(gan_with_heads)
    assert heads <= weights
    logits = {"discriminator/logits/kernel", "discriminator/logits/bias"}
    trained = trained_paths(gan_with_heads, last_n(1))
    assert path_begins(trained, "discriminator/") == logits | heads
    trained = trained_paths(gan_with_heads, last_n(1, role="discriminator"))
    assert path_begins(trained, "discriminator/") == logits | heads
    assert path_begins(trained, "generator/") == path_begins(weights, "generator/")
    assert not path_begins(trained_paths(gan_with_heads, last_n(1, role="generator")), "generator/block_4")


def test_blocks_that_the_architecture_states_come_before_names():
    blocks = ("generator/style", "generator/synthesis/block_4", "generator/synthesis/block_8")
    layers = ["generator/style/dense", *(f"{block}/conv" for block in blocks[1:]), "generator/to_image"]
    layout = ModelLayout(layers, blocks={"generator": blocks, "discriminator": ("discriminator/from_rgb",)})
    assert freeze_g(2).rules(layout) == [(f"{block}(/.*)?", False) for block in blocks[:2]]
    assert freeze_d(1).rules(layout) == [("discriminator/from_rgb(/.*)?", False)]
    # without the architecture the whole of generator/synthesis is one block
    assert last_n(2).rules(layout)[:2] == [(f"{blocks[2]}(/.*)?", True), ("generator/to_image(/.*)?", True)]
    with pytest.raises(UserError, match="The generator has 3: style, synthesis/block_4, synthesis/block_8. Ask for"):
        freeze_g(4).rules(layout)
