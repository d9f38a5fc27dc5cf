"""`MaskedPrior`: a prior over tokens that sees all positions at once and draws a grid in a few steps.

Reference:
    Chang et al., MaskGIT: Masked Generative Image Transformer, 2022 (arXiv:2202.04200), sections 3.1 and 3.2.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.networks.tokens.transformer import CausalBlock, TokenEmbedding
from keras_transfer_gen.training import latents, token_sampling
from keras_transfer_gen.training.token_prior import EVALUATION_BATCH, TokenPrior

VIEWS = 4  # ways of hiding tokens that an image's likelihood is the mean of


class MaskedEmbedding(TokenEmbedding):
    """What a masked transformer reads at each position: the token there or "mask", its row and column, the class."""

    def call(self, inputs):
        """{"tokens": int `[batch, positions]`, "labels": int `[batch]`} -> `[batch, positions, width]`."""
        classes = ops.take(self.classes, inputs["labels"], axis=0)[:, None]
        return ops.take(self.codes, inputs["tokens"], axis=0) + classes + self._positions()


class FullBlock(CausalBlock):
    """A `CausalBlock` that is not causal: each position sees all."""

    def call(self, inputs, training=None):
        """`[batch, positions, width]` -> the same shape."""
        query, key, value = self._projections(inputs)
        visible = tf.ones((inputs.shape[1],) * 2, tf.bool)
        x = inputs + self._drop(self._attend(query, key, value, visible), "attention", training)
        return x + self._drop(self._dense(x, training), "dense", training)


def build_masked(grid, num_codes, num_classes, width=192, depth=5, heads=6, dropout=0.15):
    """The masked transformer with the layers of a `TokenTransformer` of these arguments.

    Returns:
        `keras.Model` with `grid`, `num_codes` and `num_classes`; token `num_codes` means "mask". Its log-odds are those
        of the token at the same position.
    """
    inputs = {
        "tokens": keras.Input((grid[0] * grid[1],), dtype="int32", name="tokens"),
        "labels": keras.Input((), dtype="int32", name="labels"),
    }
    x = MaskedEmbedding(grid, num_codes + 1, num_classes, width, name="embedding")(inputs)
    for number in range(depth):
        x = FullBlock(heads, dropout, name=f"block_{number + 1}")(x)
    x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    small = keras.initializers.RandomNormal(stddev=0.02)
    logits = layers.Dense(num_codes, name="to_logits", dtype="float32", kernel_initializer=small)(x)
    network = keras.Model(inputs, logits, name="masked_prior")
    network.grid, network.num_codes, network.num_classes = tuple(grid), num_codes, num_classes
    return network


def masks(uniforms, times):
    """Which tokens are hidden, by the cosine schedule.

    Args:
        uniforms: float32 `[batch, positions]` in [0, 1]; the lowest ones are hidden.
        times: float32 `[batch]` in [0, 1]: 0 hides all, 1 a single one.

    Returns:
        bool `[batch, positions]`.
    """
    count = tf.math.ceil(tf.cos(times * (math.pi / 2)) * uniforms.shape[1])
    return ranks(uniforms) < tf.cast(tf.maximum(count, 1.0), tf.int32)[:, None]


def ranks(values):
    """int32 `[batch, positions]`: how many of a row's values are lower; of equal ones the first counts as lower."""
    return tf.argsort(tf.argsort(values, axis=1, stable=True), axis=1, stable=True)


class MaskedPrior(TokenPrior):
    """A `TokenPrior` whose network is one of `build_masked`: it learns hidden tokens and draws many at a time."""

    def __init__(self, network, **kwargs):
        super().__init__(network, **kwargs)
        self.mask = network.num_codes
        self._one_step = tf.function(self._settle)

    def train_step(self, data):
        """One update by the cross-entropy of the hidden tokens; returns the running means."""
        index = tf.cast(self.step.value, tf.int64)
        tokens, labels = self._tokens_and_labels(data, index)
        read, shown = self._disturbed(tokens, labels, index)
        seeds = tf.unstack(
            tf.random.experimental.stateless_split(latents.step_seed(self.seed, index, "other_inputs"), 2)
        )
        shape = (tf.shape(tokens)[0], tokens.shape[1])
        hidden = masks(tf.random.stateless_uniform(shape, seeds[0]), tf.random.stateless_uniform(shape[:1], seeds[1]))
        with tf.GradientTape() as tape, layers_draw_by(latents.step_seed(self.seed, index, "layers", replica=0)):
            logits = self.network({"tokens": tf.where(hidden, self.mask, read), "labels": shown}, training=True)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits)
            loss = tf.reduce_mean(tf.boolean_mask(nats, hidden))
        variables = self.network.trainable_variables
        # Sparse ones are added up first, as `TokenPrior` does.
        gradients = [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.step.assign_add(1)
        self.images_seen.assign_add(tf.cast(tf.shape(tokens)[0], tf.int64))
        return self._track(tokens, logits, loss * tokens.shape[1])

    def token_nats(self, tokens, labels=None):
        """float32 ndarray `[n, rows, columns]`: minus the log-likelihood of each token where it is hidden.

        Tokens are hidden in `VIEWS` ways, by the image's number alone. The mean over all positions is what training
        lowers; it can't be compared with that of another kind of prior.
        """
        tokens = np.asarray(tokens, np.int32).reshape(len(tokens), -1)
        count, positions = tokens.shape
        labels = np.broadcast_to(np.int32(self.network.num_classes if labels is None else labels), (count,))
        flat = latents.numbered_latents(range(count), VIEWS * positions, 0, distribution=token_sampling.DISTRIBUTION)
        uniforms = token_sampling.uniforms_of(flat).reshape(count, VIEWS, positions)
        total, weight = np.zeros((count, positions), np.float32), 0.0
        for view in range(VIEWS):
            time = np.full(count, (view + 0.5) / VIEWS, np.float32)
            hidden = masks(uniforms[:, view], time).numpy()
            read = np.where(hidden, self.mask, tokens)
            for first in range(0, count, EVALUATION_BATCH):
                part = slice(first, first + EVALUATION_BATCH)
                logits = self.network({"tokens": read[part], "labels": labels[part]}, training=False)
                nats = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens[part], logits).numpy()
                total[part] += nats * hidden[part]
            weight += hidden[0].mean()
        return (total / weight).reshape(count, *self.network.grid)

    def draw(
        self, num, seed=0, label=None, start=0, temperature=1.0, guidance=1.0, known=None, keep=None, steps=8, noise=4.5
    ):  # fmt: skip
        """Grids of tokens; grid i depends on `seed` and i alone (and on what is kept of it).

        Each step draws all tokens that are missing, and keeps those it is surest of: fewer in the first steps.

        Args:
            num: how many.
            seed: non-negative integer.
            label: number of the class of all, a sequence with one for each, or None for "no class".
            start: number of the first image.
            temperature: divides the log-odds.
            guidance: how strongly the class acts; 1 as learnt.
            known: int `[num, rows, columns]`, tokens of which some are kept, or None.
            keep: bool of the same shape or `[rows, columns]`: where they are kept.
            steps: calls of the network.
            noise: how strongly chance decides which tokens stay; it falls to 0 in the last step.

        Returns:
            int32 ndarray `[num, rows, columns]`.
        """
        grid, size = self.network.grid, token_sampling.SAMPLING_BATCH
        positions = grid[0] * grid[1]
        flat = latents.numbered_latents(
            range(start, start + num), 2 * steps * positions, seed, distribution=token_sampling.DISTRIBUTION
        )
        uniforms = token_sampling.uniforms_of(flat).reshape(num, 2, steps, positions)
        labels = np.broadcast_to(np.int32(self.network.num_classes if label is None else label), (num,))
        tokens = np.full((num, *grid), self.mask, np.int32)
        if keep is not None:
            tokens = np.where(np.broadcast_to(keep, tokens.shape), np.int32(known), tokens)
        batches = []
        for first in range(0, num, size):
            parts = [a[first : first + size] for a in (tokens.reshape(num, positions), labels, uniforms)]
            count = len(parts[0])
            # Of one size, as rounding must not depend on how many images there are.
            batch, classes, chances = [np.pad(a, [(0, size - count)] + [(0, 0)] * (a.ndim - 1)) for a in parts]
            begun = np.float32((batch == self.mask).sum(axis=1))
            for step in range(steps):
                time = (step + 1) / steps
                gumbels = -np.log(-np.log(np.clip(chances[:, 1, step], 1e-6, 1 - 1e-6))) * (noise * (1.0 - time))
                left = np.floor(begun * math.cos(math.pi / 2 * time)).astype(np.int32)
                numbers = (chances[:, 0, step], gumbels.astype(np.float32), left, np.float32(temperature))
                batch = self._one_step(tf.constant(batch), tf.constant(classes), *map(tf.constant, numbers), guidance)
            batches.append(np.asarray(batch)[:count])
        return np.concatenate(batches).reshape(num, *grid)

    def _settle(self, tokens, labels, uniforms, gumbels, left, temperature, guidance):
        """One step of drawing: tokens int32 `[batch, positions]` of which at most `left` `[batch]` stay hidden."""
        hidden, batch = tokens == self.mask, tokens.shape[0]
        if guidance == 1.0:
            logits = self.network({"tokens": tokens, "labels": labels}, training=False)
        else:
            free = tf.fill((batch,), self.network.num_classes)
            both = {"tokens": tf.concat([tokens] * 2, 0), "labels": tf.concat([labels, free], 0)}
            logits = token_sampling.guided(*tf.split(self.network(both, training=False), 2), guidance)
        logits = tf.reshape(logits / temperature, (-1, self.network.num_codes))
        drawn = token_sampling.choose_tokens(logits, tf.reshape(uniforms, (-1,)))
        sureness = -tf.nn.sparse_softmax_cross_entropy_with_logits(drawn, logits)
        sureness = tf.where(hidden, tf.reshape(sureness, tokens.shape) + gumbels, np.inf)
        left = tf.minimum(left, tf.reduce_sum(tf.cast(hidden, tf.int32), axis=1) - 1)  # each step settles one at least
        settled = tf.where(hidden, tf.reshape(drawn, tokens.shape), tokens)
        return tf.where(ranks(sureness) < left[:, None], self.mask, settled)
