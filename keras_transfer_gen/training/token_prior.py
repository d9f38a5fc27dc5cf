"""`TokenPrior`: a transformer that learns which tokens stand where, by likelihood, with `model.fit`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels, protocols, tables
from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.replicas import count_replicas
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training import (
    compile_checks,
    compiled_parts,
    latents,
    loss_scaling,
    token_sampling,
    trainable_flags,
)  # fmt: skip
from keras_transfer_gen.training.distribution import check_global_batch
from keras_transfer_gen.training.fit_data import FlagWatch, check_can_train
from keras_transfer_gen.training.progress import add_counters, kimg_of
from keras_transfer_gen.training.sampling_options import OPTIONS, check_sampling
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array, Config, Labels


MEASURES = ("loss", "nats", "accuracy")
_COMPILED = ("optimizer", "augment")
EVALUATION_BATCH = 64


@keras.saving.register_keras_serializable(PACKAGE)
class TokenPrior(keras.Model):
    """The distribution of grids of tokens, learnt position after position; images are drawn from it.

    The loss is the cross-entropy of each token given those before it and the class, in nats, summed over the grid and
    averaged over the batch. In training some of the tokens that the network reads are replaced at random and some
    labels are left out, so that it forgives its own mistakes when it draws and can draw without a class.

    Args:
        network: `networks.tokens.transformer.TokenTransformer`, or a Keras model with the same call, `step`,
            `empty_caches`, `grid`, `num_codes` and `num_classes`.
        token_noise: share of the tokens that are replaced at random in what the network reads, in [0, 1).
        label_dropout: share of the labels that are left out, in [0, 1].
        temperature: what it draws by where `draw` is given none, as the next two; a file keeps them. See `draw`.
        top_k: see there.
        guidance: see there.
        name: name of the model.

    Example:
        >>> from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
        >>> prior = TokenPrior(TokenTransformer((2, 2), num_codes=16, width=12, depth=1, heads=2))
        >>> prior.draw(3, seed=0).shape
        (3, 2, 2)

    Reference:
        van den Oord et al., Neural Discrete Representation Learning, 2017 (arXiv:1711.00937), section 3.3.
    """

    def __init__(
        self,
        network: keras.Model,
        token_noise: float = 0.05,
        label_dropout: float = 0.1,
        temperature: float = 1.0,
        top_k: int = 0,
        guidance: float = 1.0,
        name: str | None = "token_prior",
        **kwargs: Any,
    ) -> None:
        checks.check_backend()
        super().__init__(name=name, **kwargs)
        self.network = network
        self.token_noise = checks.check_number("token_noise", token_noise, most=1)
        self.label_dropout = checks.check_number("label_dropout", label_dropout, most=1)
        own = check_sampling(temperature, top_k, guidance)
        self.temperature, self.top_k, self.guidance = own.values()
        self.to_tokens = None  # function images in [-1, 1] -> tokens, for `fit` with images; see `VQVAE.set_prior`
        add_counters(self)
        self.flags = FlagWatch([network])
        self._samplers = {}
        self.built = True

    @property
    def roles(self) -> dict[str, keras.Model]:
        """dict of role -> network, as freezing rules and reports name them."""
        return {"prior": self.network}

    @property
    def sampling(self) -> dict[str, Any]:
        """{"temperature", "top_k", "guidance"}: what it draws by, as arguments of another prior."""
        return {name: getattr(self, name) for name in OPTIONS}

    @property
    def kimg(self) -> float:
        """Thousands of images whose tokens were shown in training so far, float."""
        return kimg_of(self)

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | str | None = None,
        augment: Any = None,
        seed: int = 0,
        run_eagerly: bool = False,
        jit_compile: bool = False,
        steps_per_execution: int = 1,
    ) -> None:
        """Sets how the network is trained; the step count is kept.

        Args:
            optimizer: Keras optimizer; AdamW(1e-3, weight_decay=0.01) with gradients of norm 1 at most by default.
            augment: "shift_flip", a `protocols.Augment`, or None: what images are changed by before they are encoded;
                `fit` with tokens has no use for it.
            seed: of the augmentation and of what is replaced and left out; each step's
                draws depend on it and on the step's number alone.
            run_eagerly: run the step without a graph, for debugging.
            jit_compile: compile the step with XLA.
            steps_per_execution: steps in one call of the graph.

        Raises:
            UserError: for an object that is no optimizer.
        """
        if optimizer is None:
            with self.distribute_strategy.scope():
                optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.01, beta_2=0.99, global_clipnorm=1.0)
        compile_checks.checked_optimizer("optimizer", optimizer, "1e-3")
        self.seed = checks.check_integer("seed", seed, least=0)
        self.augment = tables.resolve("augment", augment, tables.AUGMENTS, protocols.Augment)
        with self.distribute_strategy.scope():
            optimizer = loss_scaling.with_loss_scale(optimizer, self.roles.values())
            super().compile(
                optimizer=optimizer, run_eagerly=run_eagerly, jit_compile=jit_compile,
                steps_per_execution=steps_per_execution, auto_scale_loss=False,
            )  # fmt: skip
            self.optimizer.build(compile_checks.slots_for(self.network))
            self.trackers = {name: keras.metrics.Mean(name=name) for name in MEASURES}

    @property
    def metrics(self) -> list[Any]:
        return list(self.trackers.values()) if self.compiled else []

    def call(self, inputs: Any, training: bool | None = False) -> tf.Tensor:
        """{"tokens": int `[batch, positions]`, "labels": int `[batch]`} -> log-odds `[batch, positions, num_codes]`."""
        return self.network(inputs, training=training)

    def draw(
        self,
        num: int,
        seed: int = 0,
        label: int | str | None = None,
        start: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        guidance: float | None = None,
        known: Any = None,
        keep: Any = None,
    ) -> np.ndarray:
        """Grids of tokens; grid i depends on `seed` and i alone (and on what is kept of it).

        Args:
            num: how many.
            seed: non-negative integer.
            label: number of the class of all, a sequence with one for each, or None for "no class".
            start: number of the first image.
            temperature: above 0; less than 1 is safer and less varied. None is the prior's own, as of the next two.
            top_k: only the k most likely tokens of a position are drawn; 0 allows all.
            guidance: how strongly the class acts; 1 as learnt, more exaggerates it.
            known: int `[num, rows, columns]`, tokens of which some are kept, or None; rows of levels that the prior
                doesn't draw are left out.
            keep: bool of the same shape or `[rows, columns]`: where they are kept.

        Returns:
            int32 ndarray `[num, rows, columns]`.

        Raises:
            UserError: for a count below 1, a negative seed, a temperature that is not above 0, or tokens to keep of
                another shape.
        """
        num = checks.check_integer("num", num, next_step="Ask for at least one image with num= or --num.")
        seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with seed= or --seed.")
        overrides = {"temperature": temperature, "top_k": top_k, "guidance": guidance}
        options = self.sampling | {name: value for name, value in overrides.items() if value is not None}
        rows, columns = self.network.grid
        positions, none = rows * columns, self.network.num_classes
        numbers = range(start, start + num)
        noise = latents.numbered_latents(numbers, positions, seed, distribution=token_sampling.DISTRIBUTION)
        uniforms = token_sampling.uniforms_of(noise)
        labels = np.broadcast_to(np.int32(none if label is None else label), (num,))
        kept = token_sampling.check_kept(known, keep, num, (rows, columns), self.network.num_codes)
        columns_of = (uniforms, labels, *kept)
        sampler = self._sampler(**check_sampling(**options))
        batches = []
        for first in range(0, num, token_sampling.SAMPLING_BATCH):
            part = [column[first : first + token_sampling.SAMPLING_BATCH] for column in columns_of]
            size = len(part[0])
            padded = [np.pad(c, [(0, token_sampling.SAMPLING_BATCH - size)] + [(0, 0)] * (c.ndim - 1)) for c in part]
            batches.append(sampler(*map(tf.constant, padded)).numpy()[:size])
        return np.concatenate(batches).reshape(num, rows, columns)

    def _sampler(self, **options: Any) -> Any:
        """The graph that draws a batch; it is traced once for each way of drawing."""
        key = tuple(options.values())
        if key not in self._samplers:
            draw = token_sampling.draw_tokens
            self._samplers[key] = tf.function(lambda *arguments: draw(self.network, *arguments, **options))
        return self._samplers[key]

    def fit(
        self, x: Any = None, y: Any = None, *, epochs: int = 1, steps_per_epoch: int | None = None, **kwargs: Any
    ) -> keras.callbacks.History:
        """`keras.Model.fit`; an `ImageStream` starts at the step that the prior has reached.

        Args:
            x: int tokens `[n, rows, columns]` or a `tf.data.Dataset` of batches of them, alone or as (tokens, labels);
                of a prior that was set in a `VQVAE` also images: what `load_images` returns, or uint8 `[n, H, W, C]`.
            y: integers `[n]`, the class of each row of an array.
            epochs: number of the epoch at which to stop; an epoch of `load_images` is 1 kimg.
            steps_per_epoch: batches in an epoch; the stream's own by default.
            **kwargs: Keras' other arguments, such as `batch_size`, `callbacks` and `validation_data`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            UserError: where the prior isn't compiled, nothing can be trained, or images are given that it can't encode.
        """
        check_can_train(self, "prior")
        if isinstance(x, ImageStream):
            check_global_batch(x.batch_size, self.distribute_strategy)
            steps_per_epoch = steps_per_epoch or x.steps_per_epoch
            x = x.from_step(int(self.step.numpy()))
        if isinstance(x, tf.data.Dataset):
            kwargs["shuffle"] = False  # what Keras does anyway, with a warning
        return super().fit(x, y, epochs=epochs, steps_per_epoch=steps_per_epoch, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, return_dict: bool = False, **kwargs: Any
    ) -> dict[str, float] | list[float]:
        """How likely grids of tokens are, without noise; needs no `compile`.

        Args:
            x: int `[n, rows, columns]`; of a prior that was set in a `VQVAE` also images, uint8 `[n, H, W, C]`.
            y: int `[n]`, classes, or None for "no class".
            return_dict: a dict by name; else a list in its order.
            **kwargs: Keras' other arguments, which `fit` gives for its `validation_data`.

        Returns:
            nats, per image, and bits_per_token.

        Raises:
            UserError: for images that it can't encode.
        """
        if kwargs.pop("_use_cached_eval_dataset", False):
            return super().evaluate(x, return_dict=return_dict, _use_cached_eval_dataset=True, **kwargs)
        if np.ndim(x) == 4:
            size = EVALUATION_BATCH
            batches = (tf.constant(x[first : first + size]) for first in range(0, len(x), size))
            x = np.concatenate([self._tokens_and_labels(batch)[0] for batch in batches])
            x = x.reshape(-1, *self.network.grid)
        nats = float(np.mean(self.nats(x, y)))
        positions = self.network.grid[0] * self.network.grid[1]
        figures = {"nats": nats, "bits_per_token": nats / positions / math.log(2.0)}
        return figures if return_dict else list(figures.values())

    def nats(self, tokens: Array, labels: Labels | None = None) -> np.ndarray:
        """float32 ndarray `[n]`: minus the log-likelihood of each grid of `tokens`, int `[n, rows, columns]`."""
        return self.token_nats(tokens, labels).sum(axis=(1, 2))

    def token_nats(self, tokens: Array, labels: Labels | None = None) -> np.ndarray:
        """float32 ndarray `[n, rows, columns]`: minus the log-likelihood of each token, given those before it."""
        tokens = self.own_rows(np.asarray(tokens, np.int32)).reshape(len(tokens), -1)
        none = self.network.num_classes
        labels = np.full(len(tokens), none, np.int32) if labels is None else np.asarray(labels, np.int32)
        values = []
        for first in range(0, len(tokens), EVALUATION_BATCH):
            part = slice(first, first + EVALUATION_BATCH)
            logits = self.network({"tokens": tokens[part], "labels": labels[part]}, training=False)
            values.append(_token_nats(tokens[part], logits).numpy())
        return np.concatenate(values).reshape(-1, *self.network.grid)

    def own_rows(self, tokens: Any) -> Any:
        """`[n, rows, columns]` of all levels of tokens -> those of the first levels, which are all that it draws."""
        return tokens[:, : self.network.grid[0]] if len(tokens.shape) == 3 else tokens

    def make_train_function(self, force: bool = False) -> Any:
        """Traces the step again where `trainable` flags changed since it was traced last; Keras would not."""
        return super().make_train_function(force or self.flags.changed())

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update of the network; returns the running means."""
        index = tf.cast(self.step.value, tf.int64)
        tokens, labels = self._tokens_and_labels(data, index)
        read, shown = self._disturbed(tokens, labels, index)
        replicas = count_replicas()
        seed = latents.step_seed(self.seed, index, "layers", replica=0)
        with tf.GradientTape() as tape, layers_draw_by(seed):
            logits = self.network({"tokens": read, "labels": shown}, training=True)
            nats = tf.reduce_mean(_image_nats(tokens, logits))
            loss = self.optimizer.scale_loss(nats / tokens.shape[1] / replicas)
        variables = self.network.trainable_variables
        # An embedding's gradient has a row for each time that a code was read. Keras would square them before it adds
        # those of one code up, so they are added first.
        gradients = [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        loss_scaling.apply_gradients(self.optimizer, gradients, variables)
        self.step.assign_add(1)
        self.images_seen.assign_add(tf.cast(tf.shape(tokens)[0] * replicas, tf.int64))
        return self._track(tokens, logits, nats)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The loss on one batch without noise or an update."""
        tokens, labels = self._tokens_and_labels(data)
        logits = self.network({"tokens": tokens, "labels": labels}, training=False)
        return self._track(tokens, logits, tf.reduce_mean(_image_nats(tokens, logits)))

    def _tokens_and_labels(self, data: Any, index: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """(int32 `[batch, positions]`, int32 `[batch]`) of a batch of tokens, or of images where it can encode them.

        Args:
            data: tokens or uint8 images, perhaps with labels.
            index: int64 scalar, the step, where images are augmented.
        """
        x, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        if x.shape.rank == 4:
            if self.to_tokens is None:
                raise checks.user_error("x", "tokens [batch, rows, columns]", "images", "Encode them: vq.encode(x).")
            x = pixels.to_model_range(x)
            if index is not None and self.augment is not None:
                x = self.augment(x, latents.step_seed(self.seed, index, "augment_real"))
            x = self.to_tokens(x)
        rows, columns = self.network.grid
        tokens = tf.reshape(tf.cast(self.own_rows(x), tf.int32), (-1, rows * columns))
        if labels is None or not self.network.num_classes:
            labels = tf.fill((tf.shape(tokens)[0],), self.network.num_classes)
        return tokens, tf.cast(labels, tf.int32)

    def _disturbed(self, tokens: tf.Tensor, labels: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the network reads in a training step: some tokens replaced, some labels left out."""
        seed = latents.step_seed(self.seed, index, "latents")
        first, second, third = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
        replaced = tf.random.stateless_uniform(tf.shape(tokens), first) < self.token_noise
        others = tf.random.stateless_uniform(tf.shape(tokens), second, 0, self.network.num_codes, tf.int32)
        left_out = tf.random.stateless_uniform(tf.shape(labels), third) < self.label_dropout
        return tf.where(replaced, others, tokens), tf.where(left_out, self.network.num_classes, labels)

    def _track(self, tokens: tf.Tensor, logits: tf.Tensor, nats: tf.Tensor) -> dict[str, tf.Tensor]:
        right = tf.reduce_mean(tf.cast(tf.argmax(logits, -1, tf.int32) == tokens, tf.float32))
        for name, value in (("loss", nats / tokens.shape[1]), ("nats", nats), ("accuracy", right)):
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name, "network": keras.saving.serialize_keras_object(self.network),
            "token_noise": self.token_noise, "label_dropout": self.label_dropout, **self.sampling,
            "trainable": trainable_flags.read_all(self),
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> Any:
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects=custom_objects)
        own = {name: config[name] for name in OPTIONS if name in config}  # older files have none
        prior = cls(network, config["token_noise"], config["label_dropout"], name=config["name"], **own)
        trainable_flags.write_all(prior, config["trainable"])
        return prior

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return None
        return {**compiled_parts.serialize_parts(self, _COMPILED), "seed": self.seed}

    def compile_from_config(self, config: Config) -> None:
        self.compile(**compiled_parts.revive_parts(config, _COMPILED), seed=config["seed"])


def _token_nats(tokens: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """float32 `[batch, positions]`: minus the log-probability of each of `tokens` `[batch, positions]`."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, tf.cast(logits, tf.float32))


def _image_nats(tokens: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """float32 `[batch]`: the same, summed over the positions."""
    return tf.reduce_sum(_token_nats(tokens, logits), axis=1)


protocols.MultiNetwork.register(TokenPrior)
