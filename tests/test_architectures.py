import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks, tables
from keras_transfer_gen.architectures import Architecture, Option, clone_networks
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=28, channels=1, latent_dim=4)
OPTIONS = (Option("width", 8, "channels"), Option("gain", 0.5, "factor", least=0), Option("flag", False, "a switch"))
OPTIONS += (Option("kind", "plain", "a word"),)


def build(spec, **options):
    return ("generator", spec.latent_dim, options), ("discriminator", spec.image_size, options)


def test_build_gives_spec_and_all_options():
    entry = Architecture(build, options=OPTIONS)
    options = {"width": 4, "gain": 0.5, "flag": False, "kind": "plain"}
    assert entry.build(SPEC, {"width": 4}) == (("generator", 4, options), ("discriminator", 28, options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"widht": 4}, "`option` must be one of 'width', 'gain', 'flag', 'kind'.*Did you mean width"),
        ({"width": 0}, r"`width` must be an integer of at least 1.*Such as width=8 \(--width 8\)"),
        ({"gain": "much"}, "`gain` must be a number"),
        ({"flag": 1}, "`flag` must be True or False"),
        ({"kind": 3}, "`kind` must be text"),
    ],
)
def test_wrong_options_are_named(options, words):
    with pytest.raises(checks.UserError, match=words):
        Architecture(build, options=OPTIONS).build(SPEC, options)


def test_images_of_another_size_and_an_unknown_family_are_refused():
    with pytest.raises(checks.UserError, match="`image_size` must be one of 64"):
        Architecture(build, image_sizes=(64,)).build(SPEC)
    with pytest.raises(checks.UserError, match="`channels` must be one of 3"):
        Architecture(build, channels=(3,)).build(SPEC)
    with pytest.raises(checks.UserError, match="`family` must be one of 'gan', 'vae'"):
        Architecture(build, family="flow")


def test_options_are_read_off_settings():
    class Settings:
        width = 3
        other = 5

    assert Architecture(build, options=OPTIONS[:2]).options_in(Settings()) == {"width": 3, "gain": 0.5}


def test_clones_are_fresh_and_trainable():
    inputs = keras.Input((2,))
    network = keras.Model(inputs, keras.layers.Dense(3, name="dense")(inputs))
    network.get_layer("dense").trainable = False
    (copy,) = clone_networks([network])
    assert copy.get_layer("dense").trainable and not network.get_layer("dense").trainable
    assert not np.array_equal(copy.get_weights()[0], network.get_weights()[0])


def test_blocks_are_stated_by_the_architecture_or_told_by_name():
    paths = ["g/block_4/dense", "g/to_image"]
    entry = Architecture(build, find_blocks=lambda role, paths: (f"{role}/first", f"{role}/last"))
    assert entry.blocks("g", paths) == ["g/first", "g/last"] and Architecture(build).blocks("g", paths) == []


def test_discriminator_is_asked_of_the_architecture():
    entry = Architecture(build, build_discriminator=lambda spec, trained: (spec.image_size, trained))
    assert entry.fresh_discriminator(SPEC, "trained") == (28, "trained")
    with pytest.raises(checks.UserError, match="`arch` must be an architecture that builds discriminators"):
        Architecture(build).fresh_discriminator(SPEC)


def test_growing_is_asked_of_the_architecture():
    entry = Architecture(build, grow_networks=lambda networks: [f"large {network}" for network in networks])
    assert entry.grow(SPEC, ["a", "b"]) == ("large a", "large b")
    with pytest.raises(checks.UserError, match="`arch` must be an architecture that can grow.*28 pixels"):
        Architecture(build).grow(SPEC, ["a", "b"])


def test_options_are_listed_without_tensorflow():
    program = (
        "import sys; from keras_transfer_gen import tables\n"
        "entries = {**tables.architectures('gan'), **tables.architectures('vae')}\n"
        "print(*[f'{name}.{option.name}' for name, entry in entries.items() for option in entry.options])\n"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"dcgan.max_channels", "dcgan.group_size", "conv_vae_plain.min_channels"} <= set(done.stdout.split())
    assert set(tables.architectures("gan")) | set(tables.architectures("vae")) == set(tables.ARCHITECTURES)
