"""Trains a VQ-VAE and its prior on images in one sub-folder a class; called again, it goes on where it was.

    python saved_models/train_vq.py --data CLASSES --out runs/vq [--kimg 100] [--prior-kimg 400] [--decoder-kimg 40]

First the autoencoder is trained, then the prior, then (`--decoder-kimg`) the decoder alone, at fixed tokens: a
discriminator beside it makes its images sharp, those of `--draws` grids of the prior too. With several levels of tokens
the prior draws those of the first level alone (`--prior-levels`), and the decoder makes up the rest.

A share of the images of each class (`--holdout`), whole folders of variants at a time, is put aside: history.json has
their PSNR, SSIM and sharpness (mean step between neighbouring pixels over that of the originals) after every --every
kimg, and their nats. `best/vq.keras` has the prior that is best on them, the last decoder and its discriminator,
without optimizers, which the checkpoints keep. `draws.png` shows 12 unselected images a class, `reconstructions.png`
originals from the holdout above their reconstructions.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.batches import class_shares, stream_images
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.heads.feature_heads import TrainedFeatures
from keras_transfer_gen.networks.tokens.residual_quantizer import build_quantizer
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges
from keras_transfer_gen.recipes.inputs.group_split import split_groups
from keras_transfer_gen.recipes.training.vq.drawn import build_judge
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, save_model
from keras_transfer_gen.training.token_codec import draw_grids

SHOWN = 12
SHEETS = 4  # every how many scores sheets are drawn, which takes time
DRAWN_SEED = 1_000_000  # of the draws that the discriminator judges; nobody else's
BALANCE = 1.0  # one variant of each image at a time


def build_vq(options, class_names):
    """A new `VQVAE` with its `TokenPrior`, both compiled; its networks may begin as those of an earlier one."""
    shared = {
        name: getattr(options, name) for name in ("image_size", "downsampling", "residual_blocks", "max_channels")
    }
    encoder, decoder = ktg.build_token_encoder(**shared), ktg.build_token_decoder(**shared)
    quantizer = build_quantizer(options.codes, options.levels)
    if options.start:
        begin_with(keras.models.load_model(options.start), encoder, quantizer, decoder)
    features = TrainedFeatures(weight=1.0) if options.feature_weight else None
    weights = {"feature_weight": options.feature_weight, "structure_weight": options.structure_weight}
    loss = PixelsAndEdges(features=features, **weights)
    vq = ktg.VQVAE(encoder, quantizer, decoder, reconstruction=loss)
    vq.set_prior(build_prior(vq, len(class_names), options), class_names)
    rate = decaying(options.learning_rate, options.kimg, options)
    vq.compile(keras.optimizers.Adam(rate, beta_2=0.99), augment="shift_flip")
    vq.prior.compile(augment="shift_flip")  # anew where its own training begins
    return vq


def build_prior(vq, num_classes, options):
    """An earlier prior, or a new one over the tokens of the first levels."""
    if options.start_prior:
        earlier = keras.models.load_model(options.start_prior, compile=False)
        return getattr(earlier, "prior", earlier)
    (rows, columns), levels = vq.grid, options.prior_levels
    sizes = (rows // options.levels * levels, columns), vq.quantizer.num_codes // options.levels * levels
    return ktg.TokenPrior(ktg.TokenTransformer(*sizes, num_classes, options.width, options.depth))


def decaying(rate, kimg, options):
    """A learning rate that rises in 100 steps and falls along a cosine to a fiftieth, over so many kimg."""
    steps = max(round(1000 * kimg / options.batch_size), 1)
    return keras.optimizers.schedules.CosineDecay(0.0, steps, alpha=0.02, warmup_target=rate, warmup_steps=100)


def has_ended(optimizer):
    """Whether an optimizer has come to the end of its `decaying` rate: more kimg are asked for than were planned."""
    return int(optimizer.iterations) >= optimizer._learning_rate.decay_steps  # private, but the attribute is the value


def compile_prior(prior, kimg, options):
    """Compiles a prior for so many kimg more, with the optimizer that is its own by default, but for the rate."""
    rate = decaying(options.prior_learning_rate, kimg, options)
    adamw = keras.optimizers.AdamW(rate, weight_decay=0.01, beta_2=0.99, global_clipnorm=1.0)
    prior.compile(adamw, augment="shift_flip")


def begin_with(earlier, encoder, quantizer, decoder):
    """Gives networks the weights of an earlier `VQVAE`'s, and the first levels of a quantizer its codes."""
    encoder.set_weights(earlier.encoder.get_weights())
    decoder.set_weights(earlier.decoder.get_weights())
    quantizer.build(encoder.output_shape)
    levels = [getattr(part, "levels", [part]) for part in (earlier.quantizer, quantizer)]
    for old, new in zip(*levels, strict=False):
        new.set_weights(old.get_weights())


def sharpen(vq, drawing, kimg, options):
    """From here on `vq.fit` trains the decoder alone, for so many kimg, with a discriminator that judges draws too.

    Args:
        vq: `VQVAE`; a discriminator that it has, or that of --start, learns on.
        drawing: `VQVAE` that draws.
        kimg: in which the learning rate rises and falls.
        options: of the command line.
    """
    vq.encoder.trainable = vq.quantizer.trainable = False
    if vq.discriminator is None:
        earlier = keras.models.load_model(options.start).discriminator if options.start else None
        vq.set_discriminator(earlier or build_judge(options.image_size, 3))
    if options.draws and vq.drawn_tokens is None:
        vq.set_drawn_tokens(draw_grids(drawing, options.draws, DRAWN_SEED))
    rates = decaying(2e-4, kimg, options), 2e-4
    optimizer, d_optimizer = (keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99) for rate in rates)
    weights = {"adversarial_weight": options.adversarial_weight, "drawn_weight": options.drawn_weight}
    vq.compile(optimizer, "shift_flip", d_optimizer=d_optimizer, **weights)


def bare(vq, prior):
    """A `VQVAE` of the same networks and a prior's, without optimizers: a small file.

    A discriminator is kept: fine-tunes go on with it. It draws by the temperature and the guidance of the first one.
    """
    new_prior = ktg.TokenPrior(prior.network, prior.token_noise, prior.label_dropout, **vq.prior.sampling)
    parts = (vq.encoder, vq.quantizer, vq.decoder, new_prior)
    kept = {"commitment": vq.commitment, "class_names": vq.class_names, "discriminator": vq.discriminator}
    new = ktg.VQVAE(*parts, **kept)
    new.class_shares = vq.class_shares
    for old, copy in ((prior, new_prior), (vq, new)):
        copy.step.assign(old.step)
        copy.images_seen.assign(old.images_seen)
    return new


def save_best(vq, path):
    """Writes a model in which nothing is frozen, whatever is at present."""
    frozen = [part for part in (vq.encoder, vq.quantizer) if not part.trainable]
    for part in frozen:
        part.trainable = True
    save_model(vq, path)
    for part in frozen:
        part.trainable = False


def split(image_set, share):
    """(`ImageSet` to learn, `ImageSet` put aside); the variants of an image, such as skin tones, stay together."""
    labels = np.zeros(len(image_set), int) if image_set.labels is None else image_set.labels
    aside = split_groups(image_set.groups, labels, share)
    if not aside.any():  # each class is one folder: no image has variants
        aside = split_groups(np.arange(len(image_set)), labels, share)
    return image_set.subset(np.flatnonzero(~aside)), image_set.subset(np.flatnonzero(aside))


def reconstruction_scores(vq, images):
    """{"psnr": dB, "ssim", "sharpness"} of images and their reconstructions."""
    again = vq.reconstruct(images)
    steps = [sum(np.abs(np.diff(x.astype(np.float32), axis=a)).mean() for a in (1, 2)) for x in (again, images)]
    return {
        "psnr": float(np.mean(tf.image.psnr(images, again, 255))),
        "ssim": float(np.mean(tf.image.ssim(tf.constant(images), tf.constant(again), 255))),
        "sharpness": float(steps[0] / steps[1]),
    }


def draw_sheets(vq, images, out):
    """Writes draws.png (a row a class), once there is something to draw from, and reconstructions.png."""
    if vq.prior.kimg:
        rows = [vq.generate(SHOWN, seed=0, label=name) for name in vq.class_names or [None]]
        files.write_bytes(out / "draws.png", pixels.to_png(pixels.to_grid(np.concatenate(rows), SHOWN)))
    shown = images[:SHOWN]
    both = np.concatenate([shown, vq.reconstruct(shown)])
    files.write_bytes(out / "reconstructions.png", pixels.to_png(pixels.to_grid(both, len(shown))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of images, one sub-folder a class")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints, history.json and sheets")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--downsampling", type=int, default=8, help="pixels along each side of a token: 4, 8 or 16")
    parser.add_argument("--codes", type=int, default=1024, help="size of the codebook of each level")
    parser.add_argument("--levels", type=int, default=1, help="tokens a place, each for what those before leave over")
    parser.add_argument("--start", type=Path, help="VQVAE whose networks it begins with; it may have fewer levels")
    parser.add_argument("--start-prior", type=Path, help="TokenPrior, or VQVAE with one, that it begins with")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of the autoencoder, at its highest")
    parser.add_argument(
        "--feature-weight", type=float, default=0.0, help="of the error of a trained network's features"
    )
    parser.add_argument("--structure-weight", type=float, default=0.5, help="of 1 less the structural similarity")
    parser.add_argument("--prior-learning-rate", type=float, default=1e-3, help="of the prior, at its highest")
    parser.add_argument("--max-channels", type=int, default=192, help="channels on the grid")
    parser.add_argument("--residual-blocks", type=int, default=1, help="on the grid, of each network")
    parser.add_argument("--width", type=int, default=192, help="of the transformer")
    parser.add_argument("--depth", type=int, default=5, help="of the transformer")
    parser.add_argument("--kimg", type=float, default=100, help="thousands of images shown to the autoencoder")
    parser.add_argument("--prior-levels", type=int, default=1, help="levels that the prior draws, from the first on")
    parser.add_argument("--prior-kimg", type=float, default=400, help="thousands of images shown to the prior")
    parser.add_argument("--decoder-kimg", type=float, default=0, help="shown to decoder and discriminator at the end")
    parser.add_argument("--draws", type=int, default=4096, help="of the prior, judged with reconstructions; 0: none")
    parser.add_argument("--adversarial-weight", type=float, default=0.1, help="of the judgement of reconstructions")
    parser.add_argument("--drawn-weight", type=float, default=1.0, help="of the judgement of draws")
    parser.add_argument("--temperature", type=float, default=1.0, help="by which the prior draws, once it is trained")
    parser.add_argument("--guidance", type=float, default=1.0, help="how strongly the class acts on what it draws")
    parser.add_argument("--every", type=float, default=4, help="kimg between scores and checkpoints")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--holdout", type=float, default=0.05, help="share of the images that is put aside")
    options = parser.parse_args()
    image_set = read_images(options.data, options.image_size, 3, labels="folders")
    learnt, aside = split(image_set, options.holdout)
    stream = stream_images(learnt, options.batch_size, labels=True, balance=BALANCE)
    last = latest_checkpoint(options.out / "checkpoints")
    keras.utils.set_random_seed(0)
    names, shares = image_set.class_names, class_shares(learnt, BALANCE).tolist()
    vq, history = load_checkpoint(last) if last else (build_vq(options, names), [])
    vq.class_shares = shares
    vq.prior.temperature, vq.prior.guidance = options.temperature, options.guidance
    steps = max(round(1000 * options.every / options.batch_size), 1)

    best = options.out / "best" / "vq.keras"

    def note(shown=vq, **figures):
        history.append({"kimg": vq.kimg, "prior_kimg": vq.prior.kimg, **figures})
        print(history[-1], flush=True)
        files.write_json(options.out / "history.json", history)
        save_checkpoint(vq, options.out / "checkpoints", history, replace=True)
        if len(history) % SHEETS == 0:
            draw_sheets(shown, aside.images, options.out)

    while vq.discriminator is None and vq.kimg < options.kimg:
        logs = vq.fit(stream, steps_per_epoch=steps, verbose=0).history
        note(loss=logs["loss"][-1], perplexity=logs["perplexity"][-1], **reconstruction_scores(vq, aside.images))
    tokens = vq.encode(aside.images)
    goes_on = vq.prior.kimg < options.prior_kimg
    if not any("holdout_nats" in row for row in history) or (goes_on and has_ended(vq.prior.optimizer)):  # it begins
        compile_prior(vq.prior, options.prior_kimg - vq.prior.kimg, options)
        if vq.prior.kimg:
            save_best(bare(vq, vq.prior), best)
            note(holdout_nats=vq.prior.evaluate(tokens, aside.labels, return_dict=True)["nats"])
    while vq.prior.kimg < options.prior_kimg:
        logs = vq.prior.fit(stream, steps_per_epoch=steps, verbose=0).history
        nats = vq.prior.evaluate(tokens, aside.labels, return_dict=True)["nats"]
        if nats < min((row["holdout_nats"] for row in history if "holdout_nats" in row), default=np.inf):
            save_best(bare(vq, vq.prior), best)
        note(nats=logs["nats"][-1], holdout_nats=nats)
    sharpened = max((row.get("decoder_kimg", 0) for row in history), default=0)
    begin = vq.kimg - sharpened
    shown = vq
    if sharpened < options.decoder_kimg:
        shown = bare(vq, keras.models.load_model(best).prior if best.exists() else vq.prior)
        if vq.discriminator is None or has_ended(vq.optimizer):
            sharpen(vq, shown, options.decoder_kimg - sharpened, options)
        shown = bare(vq, shown.prior)  # with the discriminator
    while vq.kimg - begin < options.decoder_kimg:
        logs = vq.fit(stream, steps_per_epoch=steps, verbose=0).history
        shown.step.assign(vq.step)
        shown.images_seen.assign(vq.images_seen)
        save_best(shown, best)
        losses = {name: logs[name][-1] for name in ("loss", "adversarial_loss", "adaptive_weight", "d_loss")}
        note(shown, decoder_kimg=vq.kimg - begin, **losses, **reconstruction_scores(vq, aside.images))
    draw_sheets(shown, aside.images, options.out)


if __name__ == "__main__":
    main()
