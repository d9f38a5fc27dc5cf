"""`VQVAE`: an autoencoder whose images are grids of tokens, and the prior that draws new grids."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, convolution, protocols, tables
from keras_transfer_gen.specs import check_class_names
from keras_transfer_gen.training import (
    compile_checks,
    drawn_tokens,
    fit_data,
    loss_scaling,
    token_codec,
    vqvae_adversary,
    vqvae_config,
    vqvae_step,
)  # fmt: skip
from keras_transfer_gen.training.code_use import CodesUsed
from keras_transfer_gen.training.keras_files import check_path
from keras_transfer_gen.training.parts_in_turn import PRIOR, PartsInTurn
from keras_transfer_gen.training.progress import add_counters, kimg_of
from keras_transfer_gen.training.vqvae_checks import check_networks, check_prior, tokens_a_place, vq_spec
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array, Config, Images, PathLike
    from keras_transfer_gen.specs import ModelSpec


MEASURES = ("loss", "reconstruction_loss", "commitment_loss", "psnr", "perplexity")


@keras.saving.register_keras_serializable(PACKAGE)
class VQVAE(PartsInTurn, keras.Model):
    """An autoencoder over a grid of discrete codes, with its training step, and a prior over the grid.

    The loss is that of the reconstructions plus `commitment` times the mean squared distance of the encoder's vectors
    from their codes. The codes follow by moving averages; see the quantizer. A frozen quantizer
    (`vq.quantizer.trainable = False`) keeps its codes: the decoder is then adapted at fixed tokens. A discriminator
    judges the reconstructions too, so that the decoder learns to make them sharp; it is used in training alone.

    Args:
        encoder: Keras model, float32 `[batch, H, W, C]` in [-1, 1] -> float32 `[batch, rows, columns, code_dim]`.
        quantizer: `VectorQuantizer`, `ResidualQuantizer` or `FiniteScalarQuantizer`, or a layer with the same methods.
        decoder: Keras model, float32 `[batch, rows, columns, code_dim]` -> `[batch, H, W, C]` in [-1, 1].
        prior: `TokenPrior` over the grid, or None; `generate` needs one.
        reconstruction: "pixels_and_edges" or a `protocols.Reconstruction`.
        commitment: weight of the distance of vectors from their codes.
        class_names: names of the prior's classes, a list of different texts, or () where they have none.
        name: name of the model.
        discriminator: Keras model, float32 `[batch, H, W, C]` -> logits `[batch, ...]` or a list of such, or None; see
            `networks.tokens.patch_discriminator`.

    Raises:
        UserError: where the networks' shapes don't fit each other, or for a value out of range.

    Example:
        >>> from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
        >>> from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
        >>> encoder, decoder = build_token_encoder(32, max_channels=32), build_token_decoder(32, max_channels=32)
        >>> VQVAE(encoder, VectorQuantizer(64), decoder).encode(np.zeros((2, 32, 32, 3), np.uint8)).shape
        (2, 4, 4)

    Reference:
        van den Oord et al., Neural Discrete Representation Learning, 2017 (arXiv:1711.00937); Esser et al., Taming
        Transformers, 2021 (arXiv:2012.09841), for the discriminator.
    """

    def __init__(
        self, encoder: keras.Model, quantizer: keras.layers.Layer, decoder: keras.Model, prior: Any = None,
        reconstruction: Any = "pixels_and_edges", commitment: float = 0.25, class_names: Sequence[str] = (),
        name: str | None = "vqvae", discriminator: keras.Model | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        checks.check_backend()
        super().__init__(name=name, **kwargs)
        check_networks(encoder, quantizer, decoder)
        self.encoder = encoder
        self.quantizer = quantizer
        self.decoder = decoder
        if not quantizer.built:
            quantizer.build(encoder.output_shape)
        self.reconstruction = tables.resolve(
            "reconstruction", reconstruction, tables.RECONSTRUCTIONS, protocols.Reconstruction
        )
        if self.reconstruction is None:
            raise checks.user_error("reconstruction", "a loss, not None", reconstruction)
        self.commitment = checks.check_number("commitment", commitment, next_step="Such as commitment=0.25.")
        add_counters(self)
        self.trackers = {}
        self.adversary_acts = False  # whether the step that is traced trains with the discriminator
        self.discriminator, self.d_optimizer, self.penalties, self.d_augment = None, None, [], None
        self.set_discriminator(discriminator)
        self.micro_batch = None  # whole batches alone
        self.class_names = check_class_names(class_names)
        self.class_shares: list[float] = []  # how often each class is drawn where none is asked for; [] alike
        self.source, self.licence = "", ""  # where the weights come from, and their terms, in words
        self.drawn_tokens = None  # `DrawnTokens`, see `set_drawn_tokens`
        self.prior = None
        if prior is not None:
            self.set_prior(prior)
        self.built = True

    @property
    def roles(self) -> dict[str, keras.Model]:
        """dict of role -> network, as freezing rules and reports name them."""
        networks = {"encoder": self.encoder, "decoder": self.decoder, "discriminator": self.discriminator}
        return {role: network for role, network in networks.items() if network is not None}

    @property
    def spec(self) -> ModelSpec:
        """`ModelSpec` of the images, and of the prior's classes."""
        return vq_spec(self)

    @property
    def grid(self) -> tuple[int, ...]:
        """(rows, columns) of an image's tokens."""
        rows, columns = self.encoder.output_shape[1:3]
        return self.depth * rows, columns

    @property
    def prior_grid(self) -> tuple[int, ...]:
        """(rows, columns) of the tokens that the prior draws: the whole grid, or that of its first levels."""
        return self.grid if self.prior is None else tuple(self.prior.network.grid)

    @property
    def depth(self) -> int:
        """How many tokens a place has, one below the other in the grid: the levels of a `ResidualQuantizer`, or 1."""
        return tokens_a_place(self.quantizer)

    @property
    def kimg(self) -> float:
        """Thousands of images that the autoencoder has seen in training, float; the prior counts its own."""
        return kimg_of(self)

    def set_prior(self, prior: Any, class_names: Any = None) -> None:
        """Sets what new grids are drawn from; `prior.fit` then takes images too, which it encodes itself.

        Its classes are drawn equally often until `class_shares` is set. Where a place has several tokens it may draw
        the first levels alone; the decoder makes up the rest.

        Args:
            prior: `TokenPrior` over the grid, or over the rows of its first levels.
            class_names: names of its classes; the model's own by default.

        Raises:
            UserError: where it is none, or is of another grid or codebook.
        """
        check_prior(prior, self.grid, self.depth, self.quantizer.num_codes)
        names = self.class_names if class_names is None else class_names
        self.class_names, self.class_shares = check_class_names(names, prior.network.num_classes), []
        if self.prior is not None:
            self._tracker.untrack(self.prior)  # private, but else Keras keeps the old prior's weights for ever
        self.prior = prior
        prior.to_tokens = functools.partial(token_codec.batch_tokens, self)
        self.train_function = None  # how many levels it draws changes the step

    def set_discriminator(self, discriminator: keras.Model | None) -> None:
        """Sets or removes the network that judges reconstructions in training; then call `compile` again.

        Args:
            discriminator: as in `VQVAE`; None trains without one.

        Raises:
            UserError: where it does not take this model's images.
        """
        vqvae_adversary.set_discriminator(self, discriminator)
        self.watch_parts([*self.roles.values(), self.quantizer])
        self.train_function = None

    def set_drawn_tokens(self, tokens: Array | None) -> None:
        """Sets or removes grids whose images the discriminator judges too, so that the decoder learns to draw well.

        Half of each batch is then reconstructed, and as many grids are decoded. A file keeps them.

        Args:
            tokens: int `[n, rows, columns]`, such as `vq.prior.draw(2048)`; None judges reconstructions alone.

        Raises:
            UserError: for an array of another shape, or with numbers that are no codes.
        """
        drawn_tokens.set_drawn(self, tokens)
        self.train_function = None

    def list_optimizers(self) -> list[keras.optimizers.Optimizer]:
        """All optimizers: the discriminator's and the prior's, where there are some, then the autoencoder's."""
        return [*([] if self.d_optimizer is None else [self.d_optimizer]), *super().list_optimizers()]

    def compile(
        self, optimizer: keras.optimizers.Optimizer | str | None = None, augment: Any = None, seed: int = 0,
        run_eagerly: bool = False, jit_compile: bool = False, steps_per_execution: int = 1,
        auto_scale_loss: bool = True, loss: Any = None, metrics: Any = None,
        d_optimizer: keras.optimizers.Optimizer | None = None, objective: Any = "non_saturating",
        penalty: Any = "r1:gamma=0.0005", d_augment: Any = None, adversarial_weight: float = 0.1,
        drawn_weight: float = 1.0, adversarial_start_kimg: float = 0.0,
    ) -> None:  # fmt: skip
        """Sets how the autoencoder is trained; the step count is kept. A prior is compiled by itself.

        Args:
            optimizer: Keras optimizer of encoder and decoder; Adam(1e-3) by default.
            augment: "shift_flip", a `protocols.Augment`, or None: what the training images are changed by.
            seed: of the augmentation and the codes that are drawn anew; each step's
                draws depend on it and on the step's number alone.
            run_eagerly: run the step without a graph, for debugging.
            jit_compile: compile the step with XLA; slower on most CPUs.
            steps_per_execution: steps in one call of the graph.
            auto_scale_loss: put the optimizer in a `keras.optimizers.LossScaleOptimizer` where a network computes in
                float16.
            loss: must stay None; see `reconstruction` in `VQVAE`.
            metrics: must stay None; the parts of the loss are in the logs.
            d_optimizer: Keras optimizer of the discriminator; Adam(2e-4, beta_1=0, beta_2=0.99) by default.
            objective: of the discriminator: "non_saturating", "hinge" or another `protocols.Objective`.
            penalty: of the discriminator: "r1:gamma=0.0005", None, a `protocols.Penalty` or a list of them. Gradients
                of n patches' logits add up, while the loss is their mean: it is gamma = 2 of a GAN over n^2, n = 64.
            d_augment: "diffaugment" or another `protocols.Augment` of what the discriminator sees, or None.
            adversarial_weight: how strongly the discriminator moves the decoder's last layer, as a share of what the
                reconstruction's loss moves it by.
            drawn_weight: the same for images of drawn tokens, which have no original to be compared with.
            adversarial_start_kimg: thousands of images that the autoencoder sees before the discriminator acts.

        Raises:
            UserError: for an object that is no optimizer, or weights made outside of the strategy's scope.
        """
        hint = "A VQVAE has its own: VQVAE(reconstruction=...) sets the loss."
        compile_checks.check_left_out(hint, loss=loss, metrics=metrics)
        if optimizer is None:
            with self.distribute_strategy.scope():
                optimizer = keras.optimizers.Adam(1e-3)
        compile_checks.checked_optimizer("optimizer", optimizer, "1e-3")
        self.seed = checks.check_integer("seed", seed, least=0)
        self.augment = tables.resolve("augment", augment, tables.AUGMENTS, protocols.Augment)
        with self.distribute_strategy.scope():
            compile_checks.check_scope(self, optimizer=optimizer)
            vqvae_adversary.compile_adversary(
                self, optimizer, d_optimizer, objective, penalty, d_augment, adversarial_weight,
                drawn_weight, adversarial_start_kimg, auto_scale_loss,
            )  # fmt: skip
            if auto_scale_loss:
                optimizer = loss_scaling.with_loss_scale(optimizer, self.roles.values())
            super().compile(
                optimizer=optimizer, run_eagerly=run_eagerly, jit_compile=jit_compile,
                steps_per_execution=steps_per_execution, auto_scale_loss=False,
            )  # fmt: skip
            networks = (self.encoder, self.decoder)
            self.optimizer.build([v for network in networks for v in compile_checks.slots_for(network)])
            names = [*MEASURES, "ssim", *(vqvae_adversary.MEASURES if self.discriminator is not None else ())]
            self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
            self.trackers["codes_used"] = CodesUsed(self.quantizer.num_codes)
        self.adversary_acts = vqvae_adversary.is_due(self)
        convolution.use_in_layers(self)

    def call(self, inputs: Any, training: bool | None = False) -> tf.Tensor:
        """Images `[batch, H, W, C]` in [-1, 1] -> their reconstructions."""
        return self.decoder(self.quantizer(self.encoder(inputs, training=training)), training=training)

    def encode(self, images: Images) -> np.ndarray:
        """The tokens of images.

        Args:
            images: uint8 `[n, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches.

        Returns:
            int32 ndarray `[n, rows, columns]`, numbers of codes.

        Raises:
            UserError: for images of another shape or type.
        """
        return token_codec.encode_images(self, images)

    def decode(self, tokens: Array) -> np.ndarray:
        """The images of tokens.

        Args:
            tokens: int `[n, rows, columns]`, numbers of codes; of several levels the first ones may do.

        Returns:
            uint8 ndarray `[n, H, W, C]`.

        Raises:
            UserError: for an array of another shape, or with numbers that are no codes.
        """
        return token_codec.decode_tokens(self, tokens)

    def reconstruct(self, images: Images) -> np.ndarray:
        """Images decoded from their own tokens: uint8 `[n, H, W, C]`."""
        return self.decode(self.encode(images))

    def generate(
        self, num: int, seed: int = 0, truncation: float | None = None, label: int | str | None = None, start: int = 0,
        temperature: float | None = None, top_k: int | None = None, guidance: float | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Draws grids of tokens from the prior and decodes them; image i depends on `seed` and i alone.

        Args:
            num: how many.
            seed: non-negative integer.
            truncation: in (0, 1], as other models have it: a factor on `temperature`; None changes nothing.
            label: class of all images, its name or number; None draws one for each, as `class_shares` has them.
            start: number of the first image.
            temperature: above 0; less than 1 is safer and less varied. None is the prior's own, as of the next two.
            top_k: only the k most likely tokens of a place are drawn; 0 allows all.
            guidance: how strongly the class acts; 1 as learnt.

        Returns:
            uint8 ndarray `[num, H, W, C]`.

        Raises:
            UserError: where there is no prior, or for a value out of range.
        """
        tokens = token_codec.draw_grids(self, num, seed, truncation, label, start, temperature, top_k, guidance)
        return self.decode(tokens)

    def fit(
        self, x: Any = None, y: Any = None, *, epochs: int = 1, steps_per_epoch: int | None = None,
        initial_epoch: int = 0, callbacks: Any = None, verbose: str | int = "auto", validation_data: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:  # fmt: skip
        """`keras.Model.fit` of the autoencoder; an `ImageStream` starts at the step that the model has reached.

        Args:
            x: what `load_images` returns, a `tf.data.Dataset` of images `[batch, H, W, C]` or (images, labels), or an
                array; levels are from 0 to 255.
            y: not used.
            epochs: number of the epoch at which to stop; an epoch of `load_images` is 1 kimg.
            steps_per_epoch: batches in an epoch; the stream's own by default.
            initial_epoch: number of the first epoch.
            callbacks: Keras callbacks.
            verbose: as in Keras.
            validation_data: images of the same forms, for the losses at the end of an epoch.
            **kwargs: Keras' other arguments, such as `batch_size`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            UserError: where the model isn't compiled, nothing can be trained, or the images are none or of another
                shape or type.
        """
        fit_data.check_can_train(*((self.prior, "vq.prior") if self.learns == PRIOR else (self, "vq")))
        if self.discriminator is not None and self.d_optimizer is None:
            raise checks.UserError("the VQVAE has a new discriminator. Call vq.compile() again before vq.fit(...).")
        arguments = fit_data.prepare(self, "vq", x, y, self.decoder.output_shape, steps_per_epoch, validation_data)
        return super().fit(
            epochs=epochs, initial_epoch=initial_epoch, callbacks=callbacks, verbose=verbose, **{**arguments, **kwargs}
        )

    def make_train_function(self, force: bool = False) -> Any:
        """Traces the step again where another part is trained, or other weights, or the discriminator is now due."""
        before, acts = self.train_function, self.learns != PRIOR and vqvae_adversary.is_due(self)
        changed, self.adversary_acts = acts != self.adversary_acts, acts
        super().make_train_function(force or changed)
        waits = self.discriminator is not None and self.learns != PRIOR and not acts
        if waits and self.train_function is not before:
            self.train_function = vqvae_adversary.until_due(self, self.train_function)
        return self.train_function

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update of the part that learns; returns the running means."""
        if self.learns == PRIOR:
            return vqvae_step.prior_step(self, data)
        with convolution.fast_gradients():
            return self._track(vqvae_step.train_step(self, data))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The loss and its parts on one batch, PSNR, SSIM, and how many codes are used, without an update."""
        return self._track(vqvae_step.test_step(self, data))

    def _track(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in values.items():
            self.trackers[name].update_state(value)
        return {name: self.trackers[name].result() for name in values}

    def save(self, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """`keras.Model.save`; a `UserError` for a path that does not end in ".keras"."""
        check_path(filepath, zipped, "vq")
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return vqvae_config.write_config(self)

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> Any:
        return vqvae_config.read_config(cls, config, custom_objects)

    def get_compile_config(self) -> dict[str, Any]:
        return vqvae_config.write_compile_config(self) if self.compiled else None

    def compile_from_config(self, config: Config) -> None:
        self.compile(**vqvae_config.compile_arguments(config))


protocols.MultiNetwork.register(VQVAE)
