"""Does a masked prior draw and edit better than `TokenPrior` at equal minutes? Many tokens at a time against one.

    python benchmarks/masked_prior.py --source emoji_vq_64 --data runs/emoji_classes --minutes 20 --seeds 3 \
        --steps 8 12 --noise 1 4.5 --out benchmarks/results/masked_prior

Takes encoder, codes and decoder of --source, of several levels of tokens the first alone: images are soft, for both
rivals alike. Both priors are as large as that of --source and begin at random. They learn the same tokens for the same
minutes of the clock, in turns of 20 s, once their steps are traced; the learning rate follows the clock. A share of the
images is put aside (--holdout): after each turn the weights are kept that find those likeliest.

About 500 images are drawn, classes as often as the real images have them, by `TokenPrior.draw` and by the masked prior
with each number of --steps and each --noise. They are scored against the real images, where "true tokens" is what the
best prior could reach (real images, encoded and decoded), and against all real images made as soft by the same way.
Edits: of images put aside one half of the tokens stays (top or bottom) and the rest is drawn, as `ktg edit` does it:
where what stays is read later, `TokenPrior` draws eight times and takes the best. Distances are to the image of the
true tokens: mean absolute difference (levels) of the pixels of the half that is drawn, and 1 - cosine of the features
of the whole image by each of the two networks. Cautious draws are nearer on average: see recall beside them.

Finished seeds are kept in `runs/` of --out. Writes `results.json`, `table.md` and of seed 0, unselected, for each way
of drawing `draws_<number>.png` (8 a class, a row each), and for all `edits_top.png` and `edits_bottom.png`.
"""

import argparse
import functools
import itertools
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

BENCHMARKS = Path(__file__).resolve().parent
sys.path += [str(BENCHMARKS), str(BENCHMARKS.parent / "saved_models")]

from compare_classes import class_counts, score_images  # noqa: E402
from counterparts import distances, seen  # noqa: E402
from labelled_rows import evenly_chosen, labelled_rows  # noqa: E402
from made_by import made_by  # noqa: E402
from masked_tokens import MaskedPrior, build_masked  # noqa: E402
from source_tables import masked_table  # noqa: E402
from train_vq import split  # noqa: E402

from keras_transfer_gen import files, pixels, protocols, tables  # noqa: E402
from keras_transfer_gen.data.sources import read_images  # noqa: E402
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer  # noqa: E402
from keras_transfer_gen.recipes.latent_tools.complete import fitting_draws  # noqa: E402
from keras_transfer_gen.recipes.models.load_vq import load_vq  # noqa: E402
from keras_transfer_gen.training.latents import step_seed  # noqa: E402
from keras_transfer_gen.training.token_codec import batch_tokens  # noqa: E402
from keras_transfer_gen.training.token_prior import TokenPrior  # noqa: E402

TURN = 20.0  # seconds that one prior trains before the other one does
RATE, WARM_UP, LAST_SHARE = 1e-3, 100, 0.02  # learning rate at its highest, steps until then, share of it at the end
SHOWN, TIMED = 8, 64  # images of a class on a sheet; grids whose drawing is timed
EDITED = 16  # images in a row of edits
AUTOREGRESSIVE, TRUE = "one token at a time", "true tokens"


def main():
    options = parse()
    measure = Measurement(options)
    result = {
        **made_by("masked_prior.py", options), "seeds": list(range(options.seeds)),
        "minutes": options.minutes, **measure.about, "runs": [run(measure, seed) for seed in range(options.seeds)],
    }  # fmt: skip
    names = [AUTOREGRESSIVE, *(masked_name(*pair) for pair in masked_ways(options)), TRUE]
    for seed in result["runs"]:  # one that was finished earlier may have other ways besides
        seed["scores"] = {name: seed["scores"][name] for name in names}
    files.write_json(options.out / "results.json", result)
    files.write_text(options.out / "table.md", masked_table(result))
    print(masked_table(result))


class Measurement:
    """What all seeds share: images, their tokens of the first level, and the way back.

    Args:
        options: of the command line.
    """

    def __init__(self, options):
        self.options, self.vq = options, load_vq(options.source)
        if self.vq.prior is None:
            raise SystemExit(f"{options.source} has no prior, whose size the rivals would have. Give another --source.")
        quantizer, spec = self.vq.quantizer, self.vq.spec
        self.grid = (self.vq.grid[0] // self.vq.depth, self.vq.grid[1])
        self.image_set = read_images(options.data, spec.image_size, spec.channels, labels="folders")
        self.learnt, self.aside = split(self.image_set, options.holdout)
        self.augment = tables.resolve("augment", "shift_flip", tables.AUGMENTS, protocols.Augment)
        self._tokens_of = tf.function(lambda batch: batch_tokens(self.vq, batch), reduce_retracing=True)
        self.true = self.encode(np.asarray(self.aside.images))
        codes = quantizer.num_codes // self.vq.depth
        config = {**self.vq.prior.network.get_config(), "grid": self.grid, "num_codes": codes}
        config |= {"num_classes": len(self.image_set.class_names)}
        self.size = {name: value for name, value in config.items() if name != "name"}
        self.about = {"images": len(self.image_set), "put_aside": len(self.aside), "size": self.size}

    def encode(self, images, seed=None):
        """The tokens of the first level, int32 `[n, rows, columns]`; of shifted and mirrored images by a seed."""
        size, parts = pixels.RENDER_BATCH, []
        for number, first in enumerate(range(0, len(images), size)):
            batch = pixels.to_model_range(images[first : first + size])
            if seed is not None:
                batch = self.augment(batch, step_seed(seed, tf.constant(number, tf.int64), "augment_real"))
            parts.append(self._tokens_of(batch).numpy()[:, : self.grid[0]])
        return np.concatenate(parts)

    def decode(self, tokens):
        """The images of tokens of the first level alone: uint8 `[n, H, W, C]`."""
        return self.vq.decode(tokens)

    @functools.cached_property
    def soft(self):
        """All real images as their tokens of the first level show them: uint8 `[N, H, W, C]`."""
        return self.decode(self.encode(np.asarray(self.image_set.images)))

    @functools.cached_property
    def corpus(self):
        """(tokens, labels) to learn: of each image as often as --copies says, shifted and mirrored each time."""
        images, copies = np.asarray(self.learnt.images), self.options.copies
        tokens = np.concatenate([self.encode(images, seed) for seed in range(copies)])
        return tokens, np.tile(self.learnt.labels, copies).astype(np.int32)


class Rival:
    """A prior in training: its step is traced, and its clock stands where it trains no more.

    Args:
        prior: `TokenPrior`, not compiled.
        corpus: (tokens, labels).
        minutes: that it trains for.
        batch_size: grids of a step.
        seed: of its training.
    """

    def __init__(self, prior, corpus, minutes, batch_size, seed):
        prior.compile(seed=seed)  # with the AdamW that fits have by default
        self.prior, self.corpus, self.batch_size = prior, corpus, batch_size
        self.total, self.spent = 60.0 * minutes, 0.0
        self.rng = np.random.default_rng(seed)
        self.step = tf.function(lambda tokens, labels: prior.train_step((tokens, labels)))
        self.curve, self.best = [], prior.network.get_weights()
        prior.optimizer.learning_rate = 0.0
        for _ in range(3):  # the first of them traces, and the next ones are slower than later ones
            self._one_step()

    def train(self, seconds):
        """Trains until so many more seconds have passed, or all have."""
        begun, start = self.spent, time.perf_counter()
        end = min(begun + seconds, self.total)
        while self.spent < end:
            steps = int(self.prior.step.numpy())
            self.prior.optimizer.learning_rate = learning_rate(steps, self.spent / self.total)
            self._one_step()
            self.spent = begun + time.perf_counter() - start

    def _one_step(self):
        rows = self.rng.integers(0, len(self.corpus[0]), self.batch_size)
        self.step(*(tf.constant(part[rows]) for part in self.corpus))

    def note(self, tokens, labels):
        """Adds to the curve how likely grids that it does not learn are, and keeps the weights where they are best."""
        nats = self.prior.evaluate(tokens, labels, return_dict=True)["nats"]
        if all(nats < point["nats"] for point in self.curve):
            self.best = self.prior.network.get_weights()
        steps = int(self.prior.step.numpy())
        self.curve.append({"minutes": self.spent / 60.0, "steps": steps, "nats": nats})

    def finish(self):
        """Takes the best weights; JSON-ready dict of the training."""
        self.prior.network.set_weights(self.best)
        chosen = min(self.curve, key=lambda point: point["nats"])
        parameters = sum(int(np.prod(w.shape)) for w in self.prior.network.trainable_variables)
        return {"parameters": parameters, "kimg": self.prior.kimg, "best": chosen, "curve": self.curve}


def learning_rate(steps, share):
    """Rises over the first steps and falls along a cosine of the share of the time that has passed."""
    falling = LAST_SHARE + (1.0 - LAST_SHARE) * (1.0 + np.cos(np.pi * min(share, 1.0))) / 2.0
    return float(RATE * falling * min(steps / WARM_UP, 1.0))


def trained(measure, seed):
    """Both priors, trained in turns: (`TokenPrior`, `MaskedPrior`, {name: JSON-ready dict of the training})."""
    options, rivals = measure.options, {}
    for name, build, cls in (
        (AUTOREGRESSIVE, TokenTransformer, TokenPrior),
        ("masked", build_masked, MaskedPrior),
    ):
        keras.utils.set_random_seed(seed)
        rivals[name] = Rival(cls(build(**measure.size)), measure.corpus, options.minutes, options.batch_size, seed)
    while any(rival.spent < rival.total for rival in rivals.values()):
        for name, rival in rivals.items():
            rival.train(TURN)
            rival.note(measure.true, measure.aside.labels)
            print({"seed": seed, "prior": name, **rival.curve[-1]}, flush=True)
    notes = {name: rival.finish() for name, rival in rivals.items()}
    return *(rival.prior for rival in rivals.values()), notes


def run(measure, seed):
    """The trainings and the scores of one seed, from the disk where they are there."""
    path = measure.options.out / "runs" / f"seed{seed}.json"
    if path.is_file():
        return files.read_json(path)
    causal, masked, notes = trained(measure, seed)
    scores, edits = {}, []
    for number, way in enumerate(ways_of(causal, masked, measure.options)):
        scores[way.name] = drawn_scores(measure, way, seed)
        more, images = edited(measure, way, seed)
        scores[way.name] |= more
        edits.append((way.name, images))
        if seed == 0:
            labels = np.repeat(np.arange(len(measure.image_set.class_names)), SHOWN)
            grids = way.draw(len(labels), 0, labels)
            picture = pixels.to_png(pixels.to_grid(measure.decode(grids), SHOWN))
            files.write_bytes(measure.options.out / f"draws_{number}.png", picture)
    every = np.linspace(0, len(measure.image_set) - 1, sum(class_counts(measure.image_set))).round().astype(int)
    scores[TRUE] = score_images(measure.soft[every], np.asarray(measure.image_set.images))
    if seed == 0:
        write_edits(measure, edits)
    result = {"seed": seed, "training": notes, "scores": scores}
    files.write_json(path, result)
    return result


def ways_of(causal, masked, options):
    """What is compared, a list of namespaces: `name`, `draw(num, seed, labels)`, `edit(tokens, kept, seed, labels)`."""
    shared = {"temperature": options.temperature, "guidance": options.guidance}

    def one_at_a_time(tokens, kept, seed, labels):
        # `labels` is one for each image, which `draw` and `kept_nats` take as they take one for all.
        return fitting_draws(SimpleNamespace(prior=causal), tokens, kept, seed, options.temperature, labels)

    def masked_way(steps, noise):
        own = {"steps": steps, "noise": noise}

        def edit(tokens, kept, seed, labels):
            plain = {**own, "temperature": options.temperature}  # without guidance, as the other one
            return masked.draw(len(tokens), seed, labels, known=tokens, keep=kept[None], **plain)

        name = masked_name(steps, noise)
        return SimpleNamespace(name=name, draw=lambda *arguments: masked.draw(*arguments, **shared, **own), edit=edit)

    first = SimpleNamespace(
        name=AUTOREGRESSIVE, draw=lambda *arguments: causal.draw(*arguments, **shared), edit=one_at_a_time
    )
    return [first, *(masked_way(*pair) for pair in masked_ways(options))]


def masked_ways(options):
    """(steps, noise) of each way in which the masked prior draws."""
    return list(itertools.product(options.steps, options.noise))


def masked_name(steps, noise):
    """What such a way is called."""
    return f"masked, {steps} steps, noise {noise:g}"


def drawn_scores(measure, way, seed):
    """The scores of drawn images, and how long drawing takes; the decoder's time, the same for all, is left out."""
    labels = np.repeat(np.arange(len(measure.image_set.class_names)), class_counts(measure.image_set))
    grids = way.draw(len(labels), seed, labels)
    drawn = measure.decode(grids)
    scores = score_images(drawn, np.asarray(measure.image_set.images))
    soft = score_images(drawn, measure.soft)
    scores |= {f"soft_{name}": soft[name] for name in ("kid", "kid_second", "layout", "precision", "recall")}
    start = time.perf_counter()
    way.draw(TIMED, seed + 100, np.resize(labels, TIMED))
    return {**scores, "seconds_for_64": time.perf_counter() - start}


def edited(measure, way, seed):
    """({"top_pixels", "top_features", "top_second", "top_seconds", the same of "bottom"}, {side: images})."""
    scores, images = {}, {}
    true = measure.decode(measure.true)
    features = seen(true)
    for side, kept in halves(measure.grid).items():
        start = time.perf_counter()
        grids = way.edit(measure.true, kept, seed, measure.aside.labels)
        seconds = time.perf_counter() - start
        images[side] = measure.decode(grids)
        drawn = ~in_pixels(kept, true.shape[1])
        levels = np.abs(images[side][:, drawn].astype(np.float32) - true[:, drawn])
        apart = distances(seen(images[side]), features)
        scores |= {f"{side}_pixels": float(levels.mean()), f"{side}_seconds": seconds * TIMED / len(true)}
        scores |= {f"{side}_{name}": float(apart[name].mean()) for name in ("features", "second")}
    return scores, images


def halves(grid):
    """{"top", "bottom"}: bool `[rows, columns]`, where tokens are kept."""
    top = np.broadcast_to((np.arange(grid[0]) < grid[0] // 2)[:, None], grid)
    return {"top": top, "bottom": ~top}


def in_pixels(kept, side):
    """bool `[S, S]`: the pixels of the tokens that are kept."""
    return kept.repeat(side // kept.shape[0], 0).repeat(side // kept.shape[1], 1)


def write_edits(measure, edits):
    """Writes a sheet for each half: what is kept, what each way makes of it, the true image, row by row."""
    true = measure.decode(measure.true)
    for side, kept in halves(measure.grid).items():
        shown = np.where(in_pixels(kept, true.shape[1])[None, :, :, None], true, np.uint8(128))
        rows = [("kept", shown), *((name, images[side]) for name, images in edits), (TRUE, true)]
        chosen = [(name, evenly_chosen(images, EDITED)) for name, images in rows]
        files.write_bytes(measure.options.out / f"edits_{side}.png", pixels.to_png(labelled_rows(chosen)))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", default="emoji_vq_64", help="VQ-VAE with a prior: preset, RUN folder or .keras file"
    )
    parser.add_argument("--data", required=True, help="real images, one sub-folder a class")
    parser.add_argument("--minutes", type=float, default=20.0, help="that each prior trains for")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 12], help="of the masked prior's drawing")
    parser.add_argument("--noise", type=float, nargs="+", default=[4.5], help="of the choice of tokens that stay")
    parser.add_argument("--temperature", type=float, default=1.0, help="of all draws")
    parser.add_argument("--guidance", type=float, default=1.0, help="of the draws of whole images; 1 is none")
    parser.add_argument("--copies", type=int, default=8, help="shifted and mirrored versions of each image to learn")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--holdout", type=float, default=0.05, help="share of the images that is put aside")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
