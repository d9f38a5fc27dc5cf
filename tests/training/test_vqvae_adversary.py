"""The discriminator of a VQ-VAE: the adaptive weight, the gradients, their cost, when it acts, what a file keeps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, convolution
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.training import checkpoint, vqvae_adversary, vqvae_step
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.freezing.freeze import freeze

FEW = {"max_channels": 4, "min_channels": 4}
GRID = {**FEW, "downsampling": 4, "residual_blocks": 0}
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)


def make_vq(discriminator=True, frozen=False):
    keras.utils.set_random_seed(0)
    networks = build_token_encoder(32, **GRID), VectorQuantizer(16), build_token_decoder(32, **GRID)
    judge = build_patch_discriminator(32, halvings=2, **FEW) if discriminator else None
    vq = VQVAE(*networks, discriminator=judge)
    if frozen:
        vq.encoder.trainable = vq.quantizer.trainable = False
    return vq


def compiled(vq, **arguments):
    optimizers = {"optimizer": keras.optimizers.SGD(0.1), "d_optimizer": keras.optimizers.SGD(0.2)}
    vq.compile(**{**optimizers, "penalty": None, **arguments})
    return vq


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def test_the_adaptive_weight_is_the_ratio_of_lengths_and_is_bounded():
    a, b = np.random.default_rng(0).standard_normal((2, 3, 3, 4, 2)).astype("float32")
    weight = vqvae_adversary.adaptive_weight(tf.constant(a), tf.constant(b))
    assert float(weight) == pytest.approx(np.sqrt((a**2).sum() / (b**2).sum()), rel=1e-4)
    assert float(vqvae_adversary.adaptive_weight(tf.constant(a), 1e-9 * tf.constant(b))) == 1e4
    assert float(vqvae_adversary.adaptive_weight(0 * tf.constant(a), tf.constant(b))) == 0


def test_both_networks_move_by_the_gradients_of_the_written_out_losses():
    vq = compiled(make_vq(frozen=True), adversarial_weight=0.3, penalty=R1(2.0, interval=1))
    real = tf.constant(IMAGES / np.float32(127.5) - 1)
    decoder, discriminator = vq.decoder.trainable_variables, vq.discriminator.trainable_variables
    codes = vq.quantizer(vq.encoder(real))
    with tf.GradientTape(persistent=True) as tape:
        images = vq.decoder(codes, training=True)
        error = tf.reduce_mean(vq.reconstruction.loss(real, images))
        judged = tf.reduce_mean(tf.nn.softplus(-vq.discriminator(images)))
        fake = tf.nn.softplus(vq.discriminator(tf.stop_gradient(images)))
        d_loss = tf.reduce_mean(tf.nn.softplus(-vq.discriminator(real))) + tf.reduce_mean(fake)
        with tf.GradientTape() as inner:
            inner.watch(real)
            total = tf.reduce_sum(vq.discriminator(real))
        penalty = tf.reduce_mean(tf.reduce_sum(inner.gradient(total, real) ** 2, (1, 2, 3)))  # gamma / 2 is 1
        d_total = d_loss + penalty
    pairs = [tape.gradient(loss, vq.decoder.get_layer("to_image").kernel.value) for loss in (error, judged)]
    weight = np.linalg.norm(pairs[0]) / np.linalg.norm(pairs[1])
    both = [a + 0.3 * weight * b for a, b in zip(*(tape.gradient(x, decoder) for x in (error, judged)), strict=True)]
    expected = [w - 0.1 * g for w, g in zip(values(decoder), both, strict=True)]
    d_expected = [
        w - 0.2 * g for w, g in zip(values(discriminator), tape.gradient(d_total, discriminator), strict=True)
    ]
    before = values(vq.encoder.weights + vq.quantizer.weights)
    measures = vqvae_step.train_step(vq, tf.constant(IMAGES))
    for variables, targets in ((decoder, expected), (discriminator, d_expected)):
        for variable, target in zip(variables, targets, strict=True):
            np.testing.assert_allclose(variable, target, rtol=1e-3, atol=1e-5)
    assert all(map(np.array_equal, before, values(vq.encoder.weights + vq.quantizer.weights)))
    assert float(measures["adaptive_weight"]) == pytest.approx(weight, rel=1e-3)
    assert float(measures["d_loss"]) == pytest.approx(float(d_loss), rel=1e-4)
    assert float(measures["penalty"]) == pytest.approx(float(penalty), rel=1e-3)
    assert float(measures["adversarial_loss"]) == pytest.approx(float(judged), rel=1e-4)


def operations(vq):
    """Names of the convolutions' operations that a training step computes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "are_faster_here", lambda: False)
        step = tf.function(lambda: vq.train_step(tf.constant(IMAGES)))
        graph = step.get_concrete_function().graph
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    known = set(waiting)
    while waiting:
        operation = waiting.pop()
        new = {tensor.op for tensor in operation.inputs} | set(operation.control_inputs)
        waiting += new - known
        known |= new
    kinds = [operation.type for operation in known]
    return {kind: kinds.count(kind) for kind in ("Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput")}


def test_a_step_computes_no_more_than_it_needs():
    networks = make_vq().roles.values()
    encoder, decoder, discriminator = (
        sum(type(layer) is keras.layers.Conv2D for layer in network._flatten_layers()) for network in networks
    )
    counts = operations(compiled(make_vq(frozen=True)))
    # The encoder runs once without a gradient; real images and reconstructions are judged once. Two kernel gradients
    # more are for the adaptive weight.
    assert counts["Conv2D"] == encoder + decoder + 2 * discriminator
    assert counts["Conv2DBackpropFilter"] == decoder + 2 * discriminator + 2
    # From its first convolution, where images come in, the discriminator goes back for the decoder alone.
    own = 2 * (discriminator - 1)
    assert counts["Conv2DBackpropInput"] == decoder - 1 + own + discriminator


def test_it_acts_from_its_start_on_and_a_checkpoint_goes_on_bit_by_bit(tmp_path):
    adam = keras.optimizers.Adam(1e-3)
    vq = compiled(make_vq(), adversarial_start_kimg=0.016, optimizer=adam)
    before, acting, update = values(vq.discriminator.weights), [], vq.train_step
    vq.train_step = lambda data: acting.append(vq.adversary_acts) or update(data)
    images = np.concatenate([IMAGES] * 3)
    logs = vq.fit(images, batch_size=8, shuffle=False, verbose=0, validation_data=IMAGES).history
    assert not acting[0] and acting[-1] and int(vq.d_optimizer.iterations) == 1  # of three steps
    assert not any(map(np.array_equal, before, values(vq.discriminator.weights)))
    assert set(logs) >= {"loss", *vqvae_adversary.MEASURES, "val_ssim", "val_codes_used"} and "ssim" not in logs
    assert vq.spec == make_vq(False).spec and list(vq.roles) == ["encoder", "decoder", "discriminator"]
    again, state = checkpoint.load_checkpoint(checkpoint.save_checkpoint(vq, tmp_path, {"a": 1}))
    assert state == {"a": 1} and again.get_compile_config() == vq.get_compile_config()
    for model in (vq, again):
        model.fit(IMAGES, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for a, b in ((vq, again), (vq.optimizer, again.optimizer), (vq.d_optimizer, again.d_optimizer)):
        assert all(map(np.array_equal, values(a.variables), values(b.variables)))


def test_a_discriminator_is_set_and_removed():
    vq = compiled(make_vq(False), d_optimizer=None)
    weights = len(vq.weights)
    vq.set_discriminator(build_patch_discriminator(32, **FEW))
    with pytest.raises(checks.UserError, match=r"vq.compile\(\) again"):
        vq.fit(IMAGES, verbose=0)
    vq.set_discriminator(None)
    assert list(vq.roles) == ["encoder", "decoder"] and len(vq.weights) == weights
    assert "d_loss" not in vq.fit(IMAGES, verbose=0).history


def test_frozen_parts_stay():
    vq = compiled(make_vq())
    freeze(vq, {"discriminator/block_32/.*": False, ".*": True})
    block = {id(weight) for weight in vq.discriminator.get_layer("block_32").weights}
    before = values(vq.discriminator.weights)
    vq.train_step(tf.constant(IMAGES))
    for weight, old in zip(vq.discriminator.weights, before, strict=True):
        assert np.array_equal(weight.numpy(), old) == (id(weight) in block)
    vq.discriminator.trainable = False
    before = values(vq.discriminator.weights)
    vq.train_step(tf.constant(IMAGES))
    assert all(map(np.array_equal, before, values(vq.discriminator.weights)))


def test_two_replicas_move_it_as_one_does(two_cpus):
    ends = []
    for strategy in (tf.distribute.get_strategy(), two_cpus):
        with strategy.scope():
            vq = make_vq()
            for layer in (*vq.encoder._flatten_layers(), *vq.decoder._flatten_layers()):
                if "norm" in layer.name:
                    layer.trainable = False  # its statistics would be those of each replica's images
            vq.quantizer.trainable = False  # codes are drawn anew from each replica's vectors in turn
            compiled(vq, objective="hinge")
        logs = vq.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        ends.append((values(vq.weights), {name: logs[name][-1] for name in vqvae_adversary.MEASURES}))
    for a, b in zip(ends[0][0], ends[1][0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert ends[0][1] == pytest.approx(ends[1][1], rel=1e-3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(checks.UserError, match="d_optimizer"):
        compiled(make_vq(False))
    for arguments, match in (
        ({"penalty": "path_length"}, "discriminator alone"), ({"objective": None}, "objective"),
        ({"adversarial_weight": -1}, "adversarial_weight"), ({"d_optimizer": "adam"}, "d_optimizer"),
    ):  # fmt: skip
        with pytest.raises(checks.UserError, match=match):
            compiled(make_vq(), **arguments)
    optimizer = keras.optimizers.SGD()
    with pytest.raises(checks.UserError, match="another object"):
        compiled(make_vq(), optimizer=optimizer, d_optimizer=optimizer)
    with pytest.raises(checks.UserError, match="convolution or dense layer"):
        inputs = keras.Input((4,))
        vqvae_adversary.last_kernel(keras.Model(inputs, keras.layers.ReLU()(inputs)))
