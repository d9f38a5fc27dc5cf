import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.network_inputs import NetworkInputs
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.regularizers.imitation import Imitation

SPEC = ModelSpec(image_size=32, channels=1, latent_dim=4)
DRAWN = {"latents": tf.random.stateless_normal((3, 4), [0, 1])}


def render(latents, training=False):
    return tf.tanh(tf.tile(latents[:, None, :1, None], (1, 32, 32, 1)))


def step(fake, phase="g"):
    gan = types.SimpleNamespace(network_inputs=NetworkInputs.of(SPEC))
    return types.SimpleNamespace(gan=gan, phase=phase, drawn=DRAWN, fake=fake)


@pytest.mark.parametrize("feature_weight", [0, 1])
def test_loss_is_the_distance_from_the_teachers_images_of_the_same_latents(feature_weight):
    imitation = Imitation(pixel_weight=10, feature_weight=feature_weight)
    assert imitation.losses(step(render(DRAWN["latents"]))) == {}  # no teacher
    imitation.set_teacher(render)
    assert imitation.losses(step(render(DRAWN["latents"]), "d")) == {}
    same = imitation.losses(step(render(DRAWN["latents"])))["g"]
    np.testing.assert_allclose(same, [0, 0, 0], atol=1e-6)
    near = imitation.losses(step(render(DRAWN["latents"]) + 0.01))["g"]
    far = imitation.losses(step(render(DRAWN["latents"]) + 0.3))["g"]
    assert near.shape == (3,) and (far > 5 * near).numpy().all()
    if not feature_weight:
        np.testing.assert_allclose(near, [0.1] * 3, rtol=1e-4)


def test_the_student_moves_towards_the_teacher_and_the_teacher_is_not_saved(tmp_path):
    keras.utils.set_random_seed(0)
    build = {"latent_dim": 4, "channels": 1, "max_channels": 8, "min_channels": 4}
    teacher, _ = build_dcgan(32, **build)
    gan = GAN(*build_dcgan(32, **build), spec=SPEC)
    imitation = Imitation(pixel_weight=100, feature_weight=0)
    gan.compile(regularizers=[imitation], g_optimizer=keras.optimizers.Adam(0.01), ema_halflife_kimg=0)
    imitation.set_teacher(teacher)

    def gap():
        latents = tf.random.stateless_normal((64, 4), [3, 4])
        return float(tf.reduce_mean(tf.abs(gan.ema_generator(latents) - teacher(latents))))

    before, weights = gap(), teacher.get_weights()
    gan.fit(np.full((160, 32, 32, 1), 128, np.uint8), batch_size=16, epochs=4, verbose=0)
    assert gap() < 0.7 * before
    assert all(np.array_equal(a, b) for a, b in zip(weights, teacher.get_weights(), strict=True))
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras").regularizers[0]
    assert (again.pixel_weight, again.feature_weight, len(again.weights)) == (100, 0, 0)
    assert again.losses(step(render(DRAWN["latents"]))) == {}


def test_negative_weights_are_refused():
    for name in ("pixel_weight", "feature_weight"):
        with pytest.raises(UserError, match=name):
            Imitation(**{name: -1})
