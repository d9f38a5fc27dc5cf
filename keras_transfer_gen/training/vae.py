"""`VAE`: an encoder and a decoder that learn images and their latents together, with `model.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import keras
import numpy as np

from keras_transfer_gen import checks, convolution, pixels, protocols, tables
from keras_transfer_gen.deprecation import renamed_arguments
from keras_transfer_gen.network_inputs import bare_input_shape, wrap_input
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.spectral_norm import guard_spectral_norms
from keras_transfer_gen.training import (
    accumulated_vae_step,
    compile_checks,
    compiled_parts,
    elbo,
    fit_data,
    latents,
    loss_scaling,
    micro_batches,
    network_checks,
    trainable_flags,
    vae_checks,
    vae_step,
)  # fmt: skip
from keras_transfer_gen.training.collapse import CollapseWarning, warn_of_collapse  # noqa: F401
from keras_transfer_gen.training.generate_checks import check_generate
from keras_transfer_gen.training.keras_files import check_path
from keras_transfer_gen.training.named_outputs import NamedOutputs
from keras_transfer_gen.training.progress import add_counters, kimg_of
from keras_transfer_gen.training.worker_loop import fit_function
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Config, Images, Latents, PathLike
    from keras_transfer_gen.protocols import Likelihood, Prior, Regularizer


MEASURES = ("loss", "elbo", "reconstruction_loss", "kl_loss", "active_units")


@keras.saving.register_keras_serializable(PACKAGE)
class VAE(keras.Model):
    """A variational autoencoder with its training step, prior, likelihood and optimizer.

    The loss is -log p(x | z) + beta KL(q(z | x) || p(z)), each summed over pixels and dimensions, in nats per image,
    averaged over the batch. Frozen layers keep weights and statistics bit for bit; changed `trainable` flags take
    effect at the next `fit` by themselves.

    Args:
        encoder: Keras model, float32 `[batch, H, W, C]` in [-1, 1] -> [mean, log variance], each float32
            `[batch, latent_dim]`.
        decoder: Keras model, float32 `[batch, latent_dim]` -> `[batch, H, W, C]` in [-1, 1].
        prior: `protocols.Prior`; the standard normal distribution by default.
        likelihood: "gaussian_optimal_sigma", "bernoulli", "l1" or a `protocols.Likelihood`.
        beta: weight of the divergence in training; 1 makes the loss a bound on the log-likelihood.
        free_bits: nats of divergence that each latent dimension has for nothing in training.
        kl_annealing_kimg: thousands of images over which the weight of the divergence rises from 0 to `beta`.
        spec: `ModelSpec`; by default read off the networks' shapes, which a subclassed model has once it was called.
        name: name of the model.

    Raises:
        UserError: where the networks' shapes don't fit each other, or for a value out of range.

    Example:
        >>> from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
        >>> vae = VAE(*build_conv_vae(32, max_channels=32))
        >>> vae.compile()
        >>> vae.generate(2, seed=0).shape
        (2, 32, 32, 3)

    Reference:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014 (arXiv:1312.6114); beta: Higgins et al., 2017.
    """

    @renamed_arguments(kl_warmup_kimg="kl_annealing_kimg")
    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, prior: Prior | str = None,
        likelihood: Likelihood | str = "gaussian_optimal_sigma", beta: float = 1.0, free_bits: float = 0.0,
        kl_annealing_kimg: float = 0.0, spec: ModelSpec | None = None, name: str = "vae", **kwargs: Any,
    ) -> None:  # fmt: skip
        checks.check_backend()
        super().__init__(name=name, **kwargs)
        encoder, decoder = vae_checks.functional_pair(encoder, decoder, spec)
        latent_dim = vae_checks.check_shapes(encoder, decoder)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = tables.resolve("likelihood", likelihood, tables.LIKELIHOODS, protocols.Likelihood)
        if self.likelihood is None:
            raise checks.user_error("likelihood", "a likelihood, not None", likelihood)
        self.prior: Any = None
        self.set_prior("standard_normal" if prior is None else prior)
        self.beta = checks.check_number("beta", beta, next_step="Such as --beta 1.")
        self.free_bits = checks.check_number("free_bits", free_bits, next_step="Such as --free-bits 0.1.")
        hint = "Such as --kl-annealing-kimg 5; 0 is none."
        self.kl_annealing_kimg = checks.check_number("kl_annealing_kimg", kl_annealing_kimg, next_step=hint)
        self.spec = vae_checks.vae_spec(spec or network_checks.spec_of(decoder), latent_dim)
        add_counters(self)
        self._flags = fit_data.FlagWatch(self.roles.values())
        entry = tables.architecture_of(self.spec)
        self.decoder_outputs = NamedOutputs(decoder, entry.intermediates if entry else {})
        self.source = None  # `SourceNetworks`, where something that is compiled compares with the source
        self.regularizers = []
        self.built = True

    @property
    def roles(self) -> dict[str, keras.Model]:
        """dict of role -> network, as freezing rules and reports name them."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    @property
    def kimg(self) -> float:
        """Thousands of real images shown in training so far, float."""
        return kimg_of(self)

    def set_prior(self, prior: Prior | str | None) -> None:
        """Replaces the prior, for example by one that is fitted to the latents of some images.

        Args:
            prior: "standard_normal" or a `protocols.Prior`.

        Raises:
            UserError: where it is no prior, or has another latent size.
        """
        prior = tables.resolve("prior", prior, tables.PRIORS, protocols.Prior)
        if prior is None:
            raise checks.user_error("prior", "a distribution of latents, not None", prior)
        prior.attach(bare_input_shape(self.decoder)[-1])
        if self.prior is not None:
            self._tracker.untrack(self.prior)  # private, but else Keras counts the old prior's weights for ever
        self.prior = prior
        self.train_function = None  # else Keras keeps the one that was traced with the old prior
        self.test_function = None

    def compile(
        self, optimizer: keras.optimizers.Optimizer | str | None = None, regularizers: Sequence[Regularizer | str] = (),
        seed: int = 0, run_eagerly: bool = False, jit_compile: bool = False, steps_per_execution: int = 1,
        auto_scale_loss: bool = True, micro_batch: int | None = None, data: Any = None, loss: Any = None,
        metrics: Any = None,
    ) -> None:  # fmt: skip
        """Sets how the networks are trained; the step count is kept.

        Args:
            optimizer: Keras optimizer of both networks; Adam(1e-3) by default.
            regularizers: list of `protocols.Regularizer`, which are given a `VAEStep`, or of their names, such as
                "l2sp:weight=0.01"; or one of them.
            seed: of the latents; each step's draws depend on it and on the step's number alone.
            run_eagerly: run the step without a graph, for debugging.
            jit_compile: compile the step with XLA; slower on most CPUs.
            steps_per_execution: steps in one call of the graph.
            auto_scale_loss: put the optimizer in a `keras.optimizers.LossScaleOptimizer` where a network computes in
                float16.
            micro_batch: images that go through the networks at once, a divisor of the batch, for less memory; None
                takes the whole batch.
            data: what `load_images` returns, for regularisers that look at images before training.
            loss: must stay None; see `likelihood` in `VAE`.
            metrics: must stay None; the parts of the loss are in the logs.

        Raises:
            UserError: for an unknown name, an object of the wrong kind, or weights made outside of the strategy's
                scope.
        """
        hint = "A VAE has its own: VAE(likelihood=...) sets the loss."
        compile_checks.check_left_out(hint, loss=loss, metrics=metrics)
        if optimizer is None:
            with self.distribute_strategy.scope():
                optimizer = keras.optimizers.Adam(1e-3)
        compile_checks.checked_optimizer("optimizer", optimizer, "1e-3")
        regularizers = compiled_parts.regularizer_list(regularizers)
        before = list(self.regularizers) if self.compiled else None
        with self.distribute_strategy.scope():  # where the weights were made
            compile_checks.check_scope(self, optimizer=optimizer)
            if auto_scale_loss:
                optimizer = loss_scaling.with_loss_scale(optimizer, self.roles.values())
            super().compile(
                optimizer=optimizer, run_eagerly=run_eagerly, jit_compile=jit_compile,
                steps_per_execution=steps_per_execution, auto_scale_loss=False,
            )  # fmt: skip
            # Slots for every weight, frozen or not: what is released later must find them.
            self.optimizer.build([v for network in self.roles.values() for v in compile_checks.slots_for(network)])
            self.regularizers = regularizers
            self.seed = checks.check_integer("seed", seed, least=0)
            self.micro_batch = micro_batches.check_micro_batch(micro_batch)
            self.trackers = {name: keras.metrics.Mean(name=name) for name in MEASURES}
            compiled_parts.attach(self, list(self.regularizers), before, self.roles, data)
        guard_spectral_norms(self)
        convolution.use_in_layers(self)

    def list_optimizers(self) -> list[keras.optimizers.Optimizer]:
        """List of the one optimizer; empty where the model isn't compiled."""
        return [self.optimizer] if self.compiled else []

    @property
    def metrics(self) -> list[keras.Metric]:
        return list(self.trackers.values()) if self.compiled else []

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Images `[batch, H, W, C]` in [-1, 1] -> their reconstructions, of the means of their posteriors."""
        mean = self.encoder(wrap_input(self.encoder, inputs), training=training)[0]
        return self.decoder(wrap_input(self.decoder, mean), training=training)

    def encode(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """The posteriors of images.

        Args:
            images: uint8 `[n, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches.

        Returns:
            (z_mean, z_log_var), float32 ndarrays `[n, latent_dim]`: means and log variances.

        Raises:
            UserError: for images of another shape or type.
        """
        return elbo.encode_images(self.encoder, fit_data.all_images(images, self.decoder.output_shape))

    def decode(self, latents: Latents) -> np.ndarray:
        """The images of latents.

        Args:
            latents: float32 `[n, latent_dim]`.

        Returns:
            uint8 ndarray `[n, H, W, C]`.

        Raises:
            UserError: for an array of another shape, or with values that are not finite.
        """
        z = np.asarray(latents, np.float32)
        if z.ndim != 2 or z.shape[1] != self.spec.latent_dim or len(z) == 0:
            raise checks.user_error("latents", f"an array [n, {self.spec.latent_dim}], n at least 1", z.shape)
        wrong = int(np.sum(~np.isfinite(z).all(axis=1)))
        if wrong:
            raise checks.user_error("latents", "finite numbers", f"NaN or infinity in {wrong} of {len(z)} latents")
        return pixels.render(lambda rows: self.decoder(wrap_input(self.decoder, rows)), z)

    def reconstruct(self, images: Images) -> np.ndarray:
        """Images decoded from the means of their own posteriors: uint8 `[n, H, W, C]`."""
        return self.decode(self.encode(images)[0])

    def generate(self, num: int, seed: int = 0, truncation: float | None = None, start: int = 0) -> np.ndarray:
        """Draws latents from the prior and decodes them; image i depends on `seed` and i alone.

        Args:
            num: how many.
            seed: non-negative integer.
            truncation: factor on the noise behind the latents, in (0, 1]; the spec's own by default.
            start: number of the first image.

        Returns:
            uint8 ndarray `[num, H, W, C]`.

        Raises:
            UserError: for a count below 1, a negative seed or a truncation outside (0, 1].
        """
        numbers, seed, truncation = check_generate(num, seed, start, truncation, self.spec)
        noise = latents.numbered_latents(numbers, self.spec.latent_dim, seed, truncation)
        return pixels.render(lambda rows: self.decoder(wrap_input(self.decoder, self.prior(rows))), noise)

    def fit(
        self, x: Any = None, y: Any = None, *, epochs: int = 1, steps_per_epoch: int | None = None,
        initial_epoch: int = 0, callbacks: Any = None, verbose: str | int = "auto", validation_data: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:  # fmt: skip
        """`keras.Model.fit`; an `ImageStream` starts at the step that the model has reached.

        A `CollapseWarning` at the end says that the latents carry next to nothing, and what to change.

        Args:
            x: what `load_images` returns, a `tf.data.Dataset` of images `[batch, H, W, C]` or (images, labels), or an
                array; levels are from 0 to 255, uint8 or another type.
            y: labels of the images of an array, integers `[N]`, for regularisers; anything else is not used.
            epochs: number of the epoch at which to stop; an epoch of `load_images` is 1 kimg.
            steps_per_epoch: batches in an epoch; the stream's own by default.
            initial_epoch: number of the first epoch.
            callbacks: Keras callbacks.
            verbose: as in Keras.
            validation_data: images of the same forms, or (images, labels), for the losses at the end of an epoch.
            **kwargs: Keras' other arguments, such as `batch_size`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            UserError: where the model isn't compiled, nothing can be trained, or the images are none or of another
                shape or type.
        """
        fit_data.check_can_train(self, "vae")
        arguments = fit_data.prepare(self, "vae", x, y, self.decoder.output_shape, steps_per_epoch, validation_data)
        history = fit_function(self, super().fit)(
            epochs=epochs, initial_epoch=initial_epoch, callbacks=callbacks, verbose=verbose, **{**arguments, **kwargs}
        )
        warn_of_collapse(self, history.history)
        return history

    def evaluate(
        self, x: np.ndarray | tf.data.Dataset | None = None, samples: int = 16, seed: int = 0,
        return_dict: bool = False, **kwargs: Any,
    ) -> dict[str, float] | list[float]:  # fmt: skip
        """The evidence lower bound of images, with the likelihood's stored scale; needs no `compile`.

        Args:
            x: uint8 `[n, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches.
            samples: draws from each posterior.
            seed: of the draws; draw j of image i depends on it, i and j alone.
            return_dict: a dict by name; else a list in its order.
            **kwargs: Keras' other arguments, which `fit` gives for its `validation_data`; there a batch is measured
                with one draw, by `test_step`.

        Returns:
            elbo, reconstruction_loss, kl_loss and importance_bound (of the same draws), all in nats per image, without
            `beta` and free bits; bits_per_dim; active_units.

        Raises:
            UserError: for images of another shape or type.
        """
        if kwargs.pop("_use_cached_eval_dataset", False):
            return super().evaluate(x, return_dict=return_dict, _use_cached_eval_dataset=True, **kwargs)
        images = fit_data.all_images(x, self.decoder.output_shape)
        figures = elbo.measure_elbo(self, images, samples, seed).summary()
        return figures if return_dict else list(figures.values())

    def make_train_function(self, force: bool = False) -> Any:
        """Traces the step again where `trainable` flags changed since it was traced last; Keras would not."""
        return super().make_train_function(force or self._flags.changed())

    def train_step(self, data: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One update of both networks, the likelihood's scale and the regularisers; returns the running means."""
        whole = self.micro_batch is None
        with convolution.fast_gradients():
            return self._track((vae_step if whole else accumulated_vae_step).train_step(self, data))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The loss and its parts on one batch with one draw, without an update."""
        return self._track(vae_step.test_step(self, data))

    def _track(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, tracker in self.trackers.items():
            tracker.update_state(values[name])
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def save(self, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """`keras.Model.save`; a `UserError` for a path that does not end in ".keras", such as "vae.h5"."""
        check_path(filepath, zipped, "vae")
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def export(self, filepath: PathLike, **kwargs: Any) -> NoReturn:
        """Refuses: a VAE is served by `export_saved_model` or `export_tflite`."""
        hint = "Call keras_transfer_gen.export_saved_model(vae, path) or export_tflite(vae, path)."
        raise checks.UserError(f"a VAE is not exported by Keras, which would drop its prior. {hint}")

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        parts = {name: serialize(getattr(self, name)) for name in _PARTS}
        flags = trainable_flags.read_all(self)
        numbers = {name: getattr(self, name) for name in ("beta", "free_bits", "kl_annealing_kimg")}
        return {"name": self.name, "spec": self.spec.to_dict(), "trainable": flags, **numbers, **parts}

    @classmethod
    def from_config(cls, config: Config, custom_objects: dict[str, Any] | None = None) -> VAE:
        revive = keras.saving.deserialize_keras_object
        parts = {name: revive(config[name], custom_objects=custom_objects) for name in _PARTS}
        if "kl_warmup_kimg" in config:  # in files of version 0.1
            config = {**config, "kl_annealing_kimg": config["kl_warmup_kimg"]}
        rest = {name: config[name] for name in ("name", "beta", "free_bits", "kl_annealing_kimg")}
        vae = cls(**parts, **rest, spec=ModelSpec.from_dict(config["spec"]))
        trainable_flags.write_all(vae, config["trainable"])
        return vae

    def get_compile_config(self) -> dict[str, Any] | None:
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        regularizers = [serialize(regularizer) for regularizer in self.regularizers]
        source = None if self.source is None else self.source.to_config()
        optimizer = serialize(self.optimizer)
        numbers = {"seed": self.seed, "micro_batch": self.micro_batch}
        return {"optimizer": optimizer, "regularizers": regularizers, "source": source, **numbers}

    def compile_from_config(self, config: Config) -> None:
        revive = keras.saving.deserialize_keras_object
        regularizers = [revive(part) for part in config["regularizers"]]
        if config.get("source"):  # its weights follow from the file
            compiled_parts.set_source(self, compiled_parts.SourceNetworks.of_config(config["source"]))
        optimizer, micro_batch = revive(config["optimizer"]), config.get("micro_batch")  # none in earlier versions
        self.compile(optimizer=optimizer, regularizers=regularizers, seed=config["seed"], micro_batch=micro_batch)


_PARTS = ("encoder", "decoder", "prior", "likelihood")
protocols.MultiNetwork.register(VAE)
