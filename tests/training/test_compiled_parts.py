"""Regularisers that ask for the source, and what survives a change of the networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, protocols
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training import compiled_parts
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)


@keras.saving.register_keras_serializable("tests")
class NearSource(protocols.Regularizer):
    """Images near those that the source makes of the same latents; counts its steps."""

    phases = ("g",)
    needs_source = True

    def __init__(self, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.count = self.add_weight(shape=(), name="count", initializer="zeros", trainable=False)
        self.data = []

    def attach(self, model, data=None):
        self.data.append(data)

    def losses(self, step):
        before = step.source.ema_generator(step.latents, training=False)
        return {"g": self.weight * tf.reduce_mean((step.fake - before) ** 2, (1, 2, 3))}

    def after_step(self, step):
        self.count.assign_add(1.0)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


class OldStyle(protocols.Regularizer):
    """`attach` as version 0.1 has it."""

    model = None

    def attach(self, model):
        self.model = model.name

    def losses(self, step):
        return {}


def make_gan(**compiled):
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=8, min_channels=4))
    gan.compile(**compiled)
    return gan


def fit(gan, steps=2):
    gan.fit(tf.data.Dataset.from_tensor_slices(IMAGES).batch(4).repeat().take(steps), verbose=0)


def test_names_and_objects_make_lists():
    assert compiled_parts.penalty_list(None) == [] == compiled_parts.regularizer_list(())
    r1 = R1()
    assert compiled_parts.penalty_list(r1) == [r1] and compiled_parts.penalty_list([r1, None]) == [r1]
    (l2sp,) = compiled_parts.regularizer_list("l2sp:weight=0.5,roles=generator")
    assert (l2sp.weight, l2sp.chosen) == (0.5, ["generator"])


def test_attach_sees_the_data_and_old_signatures_work():
    stream = ImageStream(tf.data.Dataset.from_tensor_slices(IMAGES), None, 1, 1, None)
    near, old = NearSource(), OldStyle()
    make_gan(regularizers=[near, old], data=stream)
    assert near.data == [stream] and old.model == "gan"


def test_source_keeps_what_the_networks_were():
    gan = make_gan(regularizers=[NearSource(weight=3.0, interval=2)], penalty=None)
    before = {role: network.get_weights() for role, network in gan.roles.items()}
    fit(gan)
    for role, weights in before.items():
        kept = getattr(gan.source, role).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(kept, weights, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(gan.roles[role].get_weights(), weights, strict=True))
    assert make_gan().source is None


def test_compiled_again_the_source_stays_for_the_same_part_alone():
    near = NearSource()
    gan = make_gan(regularizers=near)
    source = gan.source
    fit(gan)
    gan.compile(regularizers=near)
    assert gan.source is source
    count = len(gan.weights)
    gan.compile(regularizers=NearSource())
    assert gan.source is not source and len(gan.weights) == count
    gan.compile()
    assert gan.source is None and len(gan.weights) < count


def test_resumed_training_compares_with_the_same_source(tmp_path):
    gan = make_gan(regularizers=[NearSource(weight=5.0)], penalty=["r1", "r1:gamma=0.5,interval=2"])
    fit(gan)
    gan.save(tmp_path / "gan.keras")
    twin = keras.models.load_model(tmp_path / "gan.keras")
    assert [(p.gamma, p.interval) for p in twin.penalties] == [(2.0, 16), (0.5, 2)]
    for each in (gan, twin):
        fit(each)
    for role in (*gan.roles, "ema_generator"):
        pairs = zip(getattr(gan, role).get_weights(), getattr(twin, role).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
        kept = zip(getattr(gan.source, role).get_weights(), getattr(twin.source, role).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in kept)
    assert float(twin.regularizers[0].count) == 4.0


def test_changed_gan_goes_on_with_state_and_source():
    """A second discriminator: what the regularisers measured and started from stays, in objects of their own."""
    gan = make_gan(regularizers=[L2SP(0.1), NearSource()], augment="diffaugment", objective="hinge", seed=4)
    fit(gan)
    changed = GAN(gan.generator, build_dcgan(32, latent_dim=4, max_channels=8, min_channels=4)[1])
    changed.compile_like(gan)
    l2sp, near = changed.regularizers
    assert l2sp is not gan.regularizers[0] and float(near.count) == 2.0 and changed.source is gan.source
    starts = [[value.numpy() for value in each.weights] for each in (l2sp, gan.regularizers[0])]
    assert all(np.array_equal(a, b) for a, b in zip(*starts, strict=True))
    assert not np.array_equal(starts[0][0], gan.generator.trainable_variables[0].numpy())
    assert changed.seed == 4 and type(changed.objective) is type(gan.objective)
    fit(changed)
    assert float(near.count) == 4.0 and float(gan.regularizers[1].count) == 2.0


class Grows(protocols.Regularizer):
    """Has one variable for each weight of the discriminator."""

    def attach(self, model, data=None):
        for variable in model.discriminator.weights:
            self.add_weight(shape=variable.shape, name="copy", initializer="zeros", trainable=False)

    def losses(self, step):
        return {}


def test_state_that_does_not_fit_is_an_error_that_says_what_to_do():
    gan = make_gan(regularizers=[Grows()])
    changed = GAN(gan.generator, build_dcgan(32, latent_dim=4, max_channels=16, min_channels=8)[1])
    with pytest.raises(checks.UserError, match=r"Grows with the variables.*get_config\(\) and attach\(\)"):
        changed.compile_like(gan)


def test_parts_come_back_as_arguments_of_compile():
    class Compiled:
        optimizer, augment = keras.optimizers.SGD(0.5), None

    names = ("optimizer", "augment")
    parts = compiled_parts.revive_parts(compiled_parts.serialize_parts(Compiled, names), names)
    assert parts["augment"] is None
    assert float(parts["optimizer"].learning_rate) == 0.5
