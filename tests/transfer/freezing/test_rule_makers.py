import re
import subprocess
import sys

import keras
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze_rules import freeze_d
from keras_transfer_gen.transfer.freezing.freezing import freeze
from keras_transfer_gen.transfer.freezing.rule_makers import all_but, freeze_g, last_n, scale_shift_only
from keras_transfer_gen.transfer.paths import leaves

STATISTICS = ("moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def gan():
    return GAN(*build_dcgan(32, max_channels=16, latent_dim=8))


def moving(model, rules):
    """Paths of the variables that are trained under the rules, everything having been trained before."""
    freeze(model, {".*": True})
    return {row.path for row in freeze(model, rules).rows if row.trainable}


def paths(model):
    return {path for leaf in leaves(model) for path in leaf.variable_paths() if not path.endswith(STATISTICS)}


def starting(found, *starts):
    return {path for path in found if path.startswith(starts)}


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_freeze_g_holds_the_blocks_next_to_the_latents(gan, blocks):
    held = [f"generator/block_{side}/" for side in (4, 8, 16, 32)][:blocks]
    assert moving(gan, freeze_g(blocks)) == paths(gan) - starting(paths(gan), *held)


def test_freeze_g_takes_the_lowest_resolutions_whatever_the_order_and_never_a_longer_number():
    layers = [f"generator/block_{side}/conv" for side in (16, 4, 40, 8)] + ["discriminator/block_2"]
    rules = freeze_g(2).rules(layers)
    assert rules == [("generator/block_4(/.*)?", False), ("generator/block_8(/.*)?", False)]
    assert not any(re.fullmatch(regex, "generator/block_40/conv") for regex, _ in rules)


def test_freeze_g_and_freeze_d_go_together(gan):
    held = starting(paths(gan), "generator/block_4/", "discriminator/block_32/")
    assert moving(gan, [freeze_g(1), freeze_d(1)]) == paths(gan) - held


def test_freeze_g_refuses_what_does_not_fit(gan):
    with pytest.raises(UserError, match=r"`blocks` must be an integer of at least 1\. Received: blocks=0"):
        freeze_g(0)
    with pytest.raises(UserError, match=r"`blocks` must be at most 4\. Received: blocks=5\. .*has 4: block_4, block_8"):
        freeze(gan, freeze_g(5))
    with pytest.raises(UserError, match=r"a GAN with layers generator/block_<resolution>.*model='block_4/dense, "):
        freeze(gan.generator, freeze_g())


def test_scale_shift_only_trains_scales_shifts_and_biases_of_every_network(gan):
    found = moving(gan, scale_shift_only())
    assert found == {path for path in paths(gan) if path.rpartition("/")[2] in ("gamma", "beta", "bias")}
    assert starting(found, "generator/") and starting(found, "discriminator/")


def test_rules_before_scale_shift_only_make_exceptions(gan):
    found = moving(gan, [("discriminator/.*", True), scale_shift_only()])
    assert starting(found, "discriminator/") == starting(paths(gan), "discriminator/")
    assert "generator/block_8/norm/gamma" in found and "generator/block_8/conv/kernel" not in found


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("gen/BatchNorm/gamma", True), ("gen/BatchNorm/beta_1", True), ("bias", True), ("a/biases", True),
        ("a/b", True), ("Gen/Scale", True), ("a/shift", True), ("a/offset", True), ("gen/BatchNorm/moving_mean", False),
        ("a/w", False), ("gamma/kernel", False), ("a/alphabet", False), ("a/rescale", False), ("a/beta1_power", False),
    ],
)  # fmt: skip
def test_scale_shift_only_goes_by_the_last_part_of_a_name(name, moves):
    (regex, _), _ = scale_shift_only().rules([], ["x/bias", name])
    assert bool(re.fullmatch(regex, name)) == moves


def test_scale_shift_only_needs_something_to_train():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="logits")(inputs))
    with pytest.raises(
        UserError, match=r"a model with variables named gamma, .* or b\. Received: model='logits/kernel'"
    ):
        freeze(model, scale_shift_only())


def test_last_n_trains_the_last_blocks_of_each_network_or_of_one(gan):
    generator, discriminator = (starting(paths(gan), role) for role in ("generator/", "discriminator/"))
    ends = starting(generator, "generator/block_32/", "generator/to_image/")
    assert moving(gan, last_n(2, role="generator")) == ends | discriminator
    assert moving(gan, last_n(2)) == ends | starting(discriminator, "discriminator/block_4/", "discriminator/logits/")


def test_last_n_of_a_plain_model_takes_its_layers(gan):
    assert moving(gan.discriminator, last_n(1)) == {"logits/kernel", "logits/bias"}
    inputs = keras.Input((3,))
    single = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
    assert moving(single, last_n(1)) == {"logits/kernel", "logits/bias"}


@pytest.mark.parametrize("top", ["", "generator/"])
def test_last_n_goes_down_to_where_the_layers_part(top):
    layers = [f"{top}graph/Net/{block}" for block in ("a/conv", "a/norm", "a.b", "c/d/conv")]
    assert last_n(2).rules(layers) == [
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


def test_all_but_trains_what_fits(gan):
    found = moving(gan, all_but("generator/to_image", ".*/norm"))
    assert found == {p for p in paths(gan) if "/norm/" in p or p.startswith("generator/to_image/")}


def test_all_but_refuses_what_does_not_fit(gan):
    with pytest.raises(UserError, match=r"`patterns` must be at least one regular expression"):
        all_but()
    with pytest.raises(UserError, match=r"`patterns` must be valid regular expressions\. Received: patterns='\('"):
        all_but("(")
    with pytest.raises(UserError, match=r"rules='generator/to_imag'\. Nearest paths: generator/to_image"):
        freeze(gan, all_but("generator/to_imag"))


def test_module_loads_nothing_heavy():
    code = (
        "import sys, keras_transfer_gen.transfer.freezing.rule_makers\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
