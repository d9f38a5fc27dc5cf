"""Training steps of a VQ-VAE's autoencoder and of its prior, and the same in PyTorch, in images a second.

    python benchmarks/engine/vq_against_pytorch.py [--out benchmarks/results/engine/vq_against_pytorch]

The autoencoder: 64 px, 8 x 8 tokens of 1,024 codes, the default loss, Adam, no augmentation. The prior: the default
transformer over these tokens with 17 classes, AdamW with clipped gradients, dropout, replaced tokens and labels left
out; tokens are given. Batch 32, each in float32 and in bfloat16. Both sides start from the same weights: before the
timing, outputs, loss, norm of the gradients and codes after an update are compared ("agreement": largest relative
differences). PyTorch has its own causal attention and fused updates, and leaves out what only our logs need (PSNR,
perplexity, accuracy). It runs eagerly and with `torch.compile` of networks and loss: the autoencoder in channels-last,
the prior also "pointwise", its dense layers as 1 x 1 convolutions, since PyTorch's matrix products are slow on AMD. The
fastest counts. All take turns, round by round. On a busy machine, --clock cpu --threads 1 counts the seconds of the
processor in place of those of the clock.

The last line is JSON: "ratio_autoencoder" and "ratio_prior" are this package over PyTorch's fastest in float32, those
with "_bfloat16" in bfloat16. PyTorch is in the extra `bench`.
"""

import argparse
import contextlib
import json

import interleaved
import keras
import numpy as np
import tensorflow as tf
import torch
from torch_transformer import Prior
from torch_vqvae import Autoencoder

import keras_transfer_gen as ktg
from keras_transfer_gen import files
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.precision import set_precision
from keras_transfer_gen.training.token_prior import TokenPrior

BATCH, SIZE, GRID, CODES, CLASSES = 32, 64, (8, 8), 1024, 17
PARTS = ("autoencoder", "prior")
VARIANTS = {
    "autoencoder": ("eager", "channels-last", "compile"),
    "prior": ("eager", "pointwise", "compile", "compile pointwise"),
}
LIMIT = 1e-3  # of the largest number; sums are rounded in another order


def build(part):
    """The compiled `VQVAE` without a prior or the compiled `TokenPrior`, with the weights of seed 0."""
    keras.utils.set_random_seed(0)
    if part == "prior":
        model = TokenPrior(TokenTransformer(GRID, CODES, CLASSES))
    else:
        sizes = {"image_size": SIZE, "downsampling": SIZE // GRID[0]}
        networks = ktg.build_token_encoder(**sizes), ktg.build_token_decoder(**sizes)
        model = ktg.VQVAE(networks[0], ktg.VectorQuantizer(CODES), networks[1])
    model.compile()
    return model


def random_batch(part):
    """uint8 images `[batch, H, W, 3]`, or (int32 tokens `[batch, rows, columns]`, int32 labels `[batch]`)."""
    rng = np.random.default_rng(0)
    if part == "autoencoder":
        return rng.integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    return rng.integers(0, CODES, (BATCH, *GRID), dtype=np.int32), rng.integers(0, CLASSES, BATCH, dtype=np.int32)


def keras_step(part, precision):
    """Function of a number of steps: the training step of this package in one graph."""
    model = build(part)
    set_precision(model, precision)
    batch = tf.nest.map_structure(tf.constant, random_batch(part))
    return interleaved.repeated(tf.function(lambda: model.train_step(batch)), wait=model.step.numpy)


def torch_step(part, precision, variant):
    """Function of a number of steps: the same in PyTorch."""
    autocast = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
    make = _torch_prior_step if part == "prior" else _torch_autoencoder_step
    return interleaved.repeated(make(variant, autocast))


def _torch_autoencoder_step(variant, autocast):
    layout = torch.contiguous_format if variant == "eager" else torch.channels_last
    model = Autoencoder(build("autoencoder")).to(memory_format=layout).train()
    called, update = model, model.codebook.update
    if variant == "compile":
        called, update = torch.compile(model), torch.compile(update)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7, fused=True)
    batch = torch.from_numpy(random_batch("autoencoder")).permute(0, 3, 1, 2).to(memory_format=layout)

    def step():
        with autocast:
            loss, vectors, tokens = called(batch.float() / 127.5 - 1.0)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        update(vectors, tokens)
        return float(loss.detach())

    return step


def _torch_prior_step(variant, autocast):
    model = Prior(build("prior"), "pointwise" in variant).train()
    called, parameters = torch.compile(model) if "compile" in variant else model, list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, 1e-3, (0.9, 0.99), 1e-7, weight_decay=0.01, fused=True)
    tokens, labels = (torch.from_numpy(array).long() for array in random_batch("prior"))
    tokens = tokens.flatten(1)

    def step():
        with autocast:
            loss = called(tokens, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


def agreement(part):
    """How far the two sides are apart from the same weights: dict of name -> largest difference over largest number.

    Raises:
        ValueError: where one is above `LIMIT`.
    """
    pairs = _prior_pairs() if part == "prior" else _autoencoder_pairs()
    worst = {}
    for name, sides in pairs.items():
        ours, theirs = (np.asarray(side.detach() if torch.is_tensor(side) else side) for side in sides)
        if ours.shape != theirs.shape:
            raise ValueError(f"{part}, {name}: {ours.shape} and {theirs.shape}")
        worst[name] = float(f"{np.abs(ours - theirs).max() / np.abs(ours).max():.2g}")
        if worst[name] > LIMIT:
            raise ValueError(f"{part}, {name}: the two sides differ by {worst[name]} of the largest number")
    return worst


def _autoencoder_pairs():
    model, rng = build("autoencoder"), np.random.default_rng(1)
    quantizer = model.quantizer
    # Codes that are apart, and counts of which none is so low that a code would be drawn anew.
    quantizer.codebook.assign(rng.standard_normal(quantizer.codebook.shape, np.float32))
    quantizer.sums.assign(quantizer.codebook)
    quantizer.counts.assign(np.ones(CODES, np.float32))
    rival = Autoencoder(model).train()
    real = random_batch("autoencoder").astype(np.float32) / 127.5 - 1.0
    with tf.GradientTape() as tape:
        vectors = model.encoder(real, training=True)
        codes, tokens, commitment = quantizer.straight_through(vectors)
        drawn = model.decoder(codes, training=True)
        loss = tf.reduce_mean(model.reconstruction.loss(real, drawn)) + model.commitment * commitment
    norm = _norm(tape, loss, model.encoder.trainable_variables + model.decoder.trainable_variables)
    quantizer.update(vectors, tokens, tf.constant([0, 1]))
    their_loss, rows, chosen = rival(torch.from_numpy(real).permute(0, 3, 1, 2))
    their_loss.backward()
    rival.codebook.update(rows, chosen)
    return {
        "vectors": (tf.reshape(vectors, rows.shape), rows), "tokens": (tf.reshape(tokens, [-1]), chosen),
        "images": (drawn, rival.decoder(torch.from_numpy(codes.numpy())).permute(0, 2, 3, 1)),
        "loss": (loss, their_loss), "norm of the gradients": (norm, _torch_norm(rival)),
        "codes after an update": (quantizer.codebook, rival.codebook.codebook),
    }  # fmt: skip


def _prior_pairs():
    model = build("prior")
    rival = Prior(model).eval()
    tokens, labels = random_batch("prior")
    tokens = tokens.reshape(BATCH, -1)
    with tf.GradientTape() as tape:
        odds = model.network({"tokens": tokens, "labels": labels}, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, odds))
    norm = _norm(tape, loss, model.network.trainable_variables)
    read = torch.from_numpy(tokens).long(), torch.from_numpy(labels).long()
    their_loss = rival(*read)
    their_loss.backward()
    return {
        "log-odds": (odds, rival.network(*read)), "loss": (loss, their_loss),
        "norm of the gradients": (norm, _torch_norm(rival)),
        "log-odds, pointwise": (odds, Prior(model, pointwise=True).eval().network(*read)),
    }  # fmt: skip


def _norm(tape, loss, variables):
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    return tf.linalg.global_norm([tf.convert_to_tensor(gradient) for gradient in gradients])


def _torch_norm(model):
    return torch.nn.utils.get_total_norm([parameter.grad for parameter in model.parameters()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    interleaved.add_rival_options(parser)
    options = parser.parse_args()
    result = interleaved.measured_here()
    interleaved.limit_threads(options.threads)
    for part in options.parts:
        result.setdefault("agreement", {})[part] = agreement(part)
        print(f"{part}: both sides compute the same, {result['agreement'][part]}", flush=True)
        variants = [name for name in VARIANTS[part] if not (options.no_compile and "compile" in name)]
        for precision in options.precisions:
            rivals, failed = interleaved.runnable({name: torch_step(part, precision, name) for name in variants})
            if failed:
                result.setdefault("failed", {})[f"{part} {precision}"] = failed
            if not rivals:
                continue
            count = options.steps if precision == "float32" else 1  # without instructions for it a step takes seconds
            steps = {"ktg": keras_step(part, precision), **rivals}
            seconds = interleaved.times_in_turn(steps, options.repeats, count, interleaved.CLOCKS[options.clock])
            result.setdefault(part, {})[precision] = speeds = interleaved.speeds(seconds, BATCH)
            key = f"ratio_{part}" + ("" if precision == "float32" else f"_{precision}")
            result[key] = interleaved.paired_ratio(seconds[max(rivals, key=speeds.get)], seconds["ktg"])
            print(f"{part} {precision}: {speeds}, {result[key]} times the best of PyTorch", flush=True)
    if options.out:
        files.write_json(options.out / "results.json", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
