"""`GAN`: a generator and a discriminator that train against each other with `model.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import keras
import tensorflow as tf

from keras_transfer_gen import checks, convolution, protocols, tables
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.spectral_norm import guard_spectral_norms
from keras_transfer_gen.training import (
    accumulated_gan_step,
    compile_checks,
    compiled_parts,
    conditions,
    fit_data,
    gan_step,
    latents,
    loss_scaling,
    micro_batches,
    network_checks,
    trainable_flags,
)  # fmt: skip
from keras_transfer_gen.training.functional_form import copy_network
from keras_transfer_gen.training.generate_checks import check_generate
from keras_transfer_gen.training.keras_files import check_path
from keras_transfer_gen.training.named_outputs import NamedOutputs
from keras_transfer_gen.training.optimizer_pair import OptimizerPair
from keras_transfer_gen.training.precision import compute_in_float32
from keras_transfer_gen.training.progress import add_counters, kimg_of
from keras_transfer_gen.training.worker_loop import fit_function
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import Config, PathLike
    from keras_transfer_gen.protocols import Augment, Objective, Penalty, Regularizer
    from keras_transfer_gen.streams import ImageStream


MEASURES = ("d_loss", "g_loss", "penalty", "real_logits", "fake_logits")
G_PENALTY = "g_penalty"  # measured where there is a penalty of the generator


@keras.saving.register_keras_serializable(PACKAGE)
class GAN(keras.Model):
    """A generative adversarial network with its training step, averaged generator and optimizers.

    A step shows the discriminator one batch of real and one of generated images, updates it, and then updates the
    generator through the new discriminator on the same latents (one generator pass serves both updates). Frozen layers
    keep weights and statistics bit for bit; changed `trainable` flags take effect at the next `fit` by themselves.

    Args:
        generator: Keras model, float32 `[batch, latent_dim]` -> `[batch, H, W, C]` in [-1, 1]; it takes
            {"latents": those, "labels": integers `[batch]`} where `spec.num_classes` is not 0.
        discriminator: Keras model, float32 `[batch, H, W, C]` -> logits `[batch, ...]` or a list of such; or of
            {"images": those, "labels": integers `[batch]`}, for which the data set must have labels.
        spec: `ModelSpec`; by default read off the generator's shapes, which a subclassed model has once it was called.
        name: name of the model.

    Raises:
        UserError: where the networks' shapes don't fit each other, or are unknown, or where a subclassed model can't
            be made again from its `get_config()`, as the averaged generator and saved files need.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
        >>> gan = GAN(*build_dcgan(32, max_channels=32))
        >>> gan.compile(objective="hinge")
        >>> gan.generate(2, seed=0).shape
        (2, 32, 32, 3)
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, spec: ModelSpec | None = None, name: str = "gan",
        **kwargs: Any,
    ) -> None:  # fmt: skip
        checks.check_backend()
        super().__init__(name=name, **kwargs)
        generator, discriminator = network_checks.functional_pair(generator, discriminator, spec)
        network_checks.check_shapes(generator, discriminator)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = copy_network(generator, "generator", f"ema_{generator.name}")
        compute_in_float32(self.ema_generator)
        self.ema_generator.trainable = False
        self.spec = spec or network_checks.spec_of(generator)
        self.network_inputs = network_checks.check_inputs(generator, discriminator, self.spec)
        entry = tables.architecture_of(self.spec)
        self.generator_outputs = NamedOutputs(generator, entry.intermediates if entry else {})
        self.source = None  # `SourceNetworks`, where something that is compiled compares with the source
        self.penalties, self.regularizers = [], []
        add_counters(self)
        self._flags = fit_data.FlagWatch(self.roles.values())
        self._optimizer_pair: Any = None
        self.built = True

    @property
    def roles(self) -> dict[str, keras.Model]:
        """dict of role -> network, as freezing rules and reports name them."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @property
    def kimg(self) -> float:
        """Thousands of real images shown in training so far, float."""
        return kimg_of(self)

    def compile(
        self, objective: Objective | str = "non_saturating", penalty: Penalty | str | None = "r1",
        augment: Augment | str | None = None, regularizers: Sequence[Regularizer | str] = (),
        g_optimizer: keras.optimizers.Optimizer | str | None = None,
        d_optimizer: keras.optimizers.Optimizer | None = None, ema_halflife_kimg: float = 10.0,
        ema_rampup: float | None = 0.1, seed: int = 0, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: bool = False, auto_scale_loss: bool = True, micro_batch: int | None = None,
        data: ImageStream | None = None, optimizer: keras.optimizers.Optimizer | str | None = None, loss: Any = None,
        metrics: Any = None,
    ) -> None:  # fmt: skip
        """Sets how the networks are trained. The step count and the averaged generator are kept.

        Args:
            objective: "non_saturating", "hinge", "minimax" or a `protocols.Objective`.
            penalty: "r1", None, a `protocols.Penalty` or a list of them.
            augment: "diffaugment", "ada", None or a `protocols.Augment`.
            regularizers: list of `protocols.Regularizer` or of their names, such as "l2sp:weight=0.01", or one of them.
            g_optimizer: Keras optimizer of the generator; Adam(2e-4, beta_1=0, beta_2=0.99) by default.
            d_optimizer: the same for the discriminator.
            ema_halflife_kimg: longest half-life of the averaged generator, in kimg.
            ema_rampup: the half-life is at most this share of the images shown; None keeps it constant.
            seed: of latents and augmentation; each step's draws depend on it and on the step's number alone.
            run_eagerly: run the step without a graph, for debugging.
            steps_per_execution: steps in one call of the graph.
            jit_compile: compile the step with XLA, which draws other latents; slower on most CPUs.
            auto_scale_loss: put both optimizers in a `keras.optimizers.LossScaleOptimizer` where a network computes in
                float16.
            micro_batch: images that go through the networks at once, a divisor of the batch: less memory, the same
                update but for what is taken over a batch (`describe_differences`). None takes the whole batch.
            data: what `load_images` returns, for regularisers that look at images before training.
            optimizer: must stay None; each network has its own.
            loss: must stay None; see `objective`.
            metrics: must stay None; `EvaluateEvery` scores images.

        Raises:
            UserError: for an unknown name, an object of the wrong kind, one optimizer for both networks, or weights
                made outside of the strategy's scope.
        """
        hint = "Give one for each network: g_optimizer=keras.optimizers.Adam(2e-4) and d_optimizer=, or neither."
        compile_checks.check_left_out(hint, optimizer=optimizer)
        hint = "A GAN has its own: objective= sets the loss, and callbacks=[EvaluateEvery(images)] scores the images."
        compile_checks.check_left_out(hint, loss=loss, metrics=metrics)
        was_compiled = self.compiled
        with self.distribute_strategy.scope():  # where the weights were made
            compile_checks.check_scope(self)
            super().compile(
                optimizer=None, run_eagerly=run_eagerly, jit_compile=jit_compile, auto_scale_loss=False,
                steps_per_execution=steps_per_execution,
            )  # fmt: skip
            self.objective = tables.resolve("objective", objective, tables.OBJECTIVES, protocols.Objective)
            if self.objective is None:
                raise checks.user_error("objective", "a loss, not None", objective)
            before = [*self.penalties, *self.regularizers] if was_compiled else None
            self.penalties = compiled_parts.penalty_list(penalty)
            self.augment = tables.resolve("augment", augment, tables.AUGMENTS, protocols.Augment)
            self.regularizers = compiled_parts.regularizer_list(regularizers)
            self.g_optimizer = compile_checks.optimizer_or_adam("g_optimizer", g_optimizer)
            self.d_optimizer = compile_checks.optimizer_or_adam("d_optimizer", d_optimizer)
            if self.g_optimizer is self.d_optimizer:
                raise checks.user_error("d_optimizer", "another object than g_optimizer", "the same", "Make two.")
            compile_checks.check_scope(self, g_optimizer=self.g_optimizer, d_optimizer=self.d_optimizer)
            if auto_scale_loss:
                self.g_optimizer = loss_scaling.with_loss_scale(self.g_optimizer, self.roles.values())
                self.d_optimizer = loss_scaling.with_loss_scale(self.d_optimizer, self.roles.values())
            self._optimizer_pair = OptimizerPair(self.g_optimizer, self.d_optimizer)
            # Slots for every weight, frozen or not: what is released later must find them.
            self.g_optimizer.build(compile_checks.slots_for(self.generator))
            self.d_optimizer.build(compile_checks.slots_for(self.discriminator))
            self.ema_halflife_kimg = checks.check_number("ema_halflife_kimg", ema_halflife_kimg)
            self.ema_rampup = None if ema_rampup is None else checks.check_number("ema_rampup", ema_rampup)
            self.seed = checks.check_integer("seed", seed, least=0)
            self.micro_batch = micro_batches.check_micro_batch(micro_batch)
            more = [G_PENALTY] if any("g" in part.phases for part in self.penalties) else []
            more += [] if self.augment is None else self.augment.measures()
            self.trackers = {name: keras.metrics.Mean(name=name) for name in (*MEASURES, *more)}
            networks = {**self.roles, "ema_generator": self.ema_generator}
            compiled_parts.attach(self, [*self.penalties, *self.regularizers], before, networks, data)
        guard_spectral_norms(self)
        convolution.use_in_layers(self)

    @property
    def optimizer(self) -> OptimizerPair | None:
        """Both optimizers as one, for Keras' callbacks; None where the model isn't compiled."""
        return self._optimizer_pair

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        if value is not None:  # Keras' own `compile` sets None
            raise checks.user_error("optimizer", "two, set by compile(g_optimizer=, d_optimizer=)", value)

    def list_optimizers(self) -> list[keras.optimizers.Optimizer]:
        """List of the optimizers: the generator's, the discriminator's; empty where the model isn't compiled."""
        return [self.g_optimizer, self.d_optimizer] if self.compiled else []

    @property
    def penalty(self) -> Penalty | None:
        """The penalty, or the first of several; None where there is none."""
        return self.penalties[0] if self.penalties else None

    @property
    def metrics(self) -> list[keras.Metric]:
        return list(self.trackers.values()) if self.compiled else []

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Latents, or a dict of what the generator takes -> float32 images in [-1, 1] of the averaged generator."""
        return self.ema_generator(self.network_inputs.for_generator(inputs), training=training)

    def generate(
        self, num: int, seed: int = 0, truncation: float | None = None, average: bool = True, start: int = 0,
        label: int | str | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Generates images; image i depends on `seed` and i alone, whatever their number.

        Args:
            num: how many.
            seed: non-negative integer.
            truncation: factor on the latents in (0, 1]; the spec's own by default.
            average: use the averaged generator; False uses the one in training.
            start: number of the first image.
            label: class of all images, where the generator takes some: its name or its number. None draws one for each,
                by `spec.class_shares`: as often as the training showed it, or else uniform.

        Returns:
            uint8 ndarray `[num, H, W, C]`.

        Raises:
            UserError: for a count below 1, a negative seed or start, a truncation outside (0, 1] or a class that there
                is not.
        """
        numbers, seed, truncation = check_generate(num, seed, start, truncation, self.spec)
        network = self.ema_generator if average else self.generator
        return latents.render_numbered(network, numbers, self.spec, seed, truncation, label, self.network_inputs)

    def fit(
        self, x: Any = None, y: Any = None, *, epochs: int = 1, steps_per_epoch: int | None = None,
        initial_epoch: int = 0, callbacks: Any = None, verbose: int | str = "auto", validation_data: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:  # fmt: skip
        """`keras.Model.fit`; an `ImageStream` starts at the step that the model has reached.

        Args:
            x: what `load_images` returns, a `tf.data.Dataset` of images `[batch, H, W, C]` or (images, labels), or an
                array; levels are from 0 to 255, uint8 or another type.
            y: labels of the images of an array, integers `[N]`; only used where a network takes labels.
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
        fit_data.check_can_train(self, "gan")
        conditions.check_labels(x, y, self.network_inputs.conditions)
        arguments = fit_data.prepare(self, "gan", x, y, self.generator.output_shape, steps_per_epoch, validation_data)
        return fit_function(self, super().fit)(
            epochs=epochs, initial_epoch=initial_epoch, callbacks=callbacks, verbose=verbose, **{**arguments, **kwargs}
        )

    def evaluate(self, x: Any = None, y: Any = None, **kwargs: Any) -> dict[str, float] | list[float]:
        """`keras.Model.evaluate`: the mean losses; what it takes is checked as in `fit`."""
        x = fit_data.check_image_data(x, self.generator.output_shape)
        return super().evaluate(x, fit_data.check_labels(x, y, self.spec.num_classes), **kwargs)

    def make_train_function(self, force: bool = False) -> Any:
        """Traces the step again where `trainable` flags changed since it was traced last; Keras would not."""
        return super().make_train_function(force or self._flags.changed())

    def train_step(self, data: tf.Tensor | tuple[tf.Tensor | None, ...]) -> dict[str, tf.Tensor]:
        """One update of both networks, the averaged generator and the regularisers; returns the running means."""
        whole = self.micro_batch is None
        with convolution.fast_gradients():
            return self._track((gan_step if whole else accumulated_gan_step).train_step(self, data))

    def test_step(self, data: tf.Tensor | tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]) -> dict[str, tf.Tensor]:
        """The losses on one batch, without augmenting and without an update."""
        return self._track(gan_step.test_step(self, data))

    def _track(self, values: dict[str, Any]) -> dict[str, tf.Tensor]:
        for name, tracker in self.trackers.items():
            tracker.update_state(_mean_logit(values[name]) if name.endswith("logits") else values[name])
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def save(self, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """`keras.Model.save`; a `UserError` for a path that does not end in ".keras", such as "gan.h5"."""
        check_path(filepath, zipped, "gan")
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def export(self, filepath: PathLike, **kwargs: Any) -> NoReturn:
        """Refuses: only the averaged generator is served, by `export_saved_model` or `export_tflite`."""
        hint = "Call keras_transfer_gen.export_saved_model(gan, path) or export_tflite(gan, path)."
        raise checks.UserError(f"a GAN is not exported by Keras, which would take it whole. {hint}")

    def get_config(self) -> dict[str, Any]:
        networks = {role: keras.saving.serialize_keras_object(network) for role, network in self.roles.items()}
        flags = trainable_flags.read_all(self)
        return {"name": self.name, "spec": self.spec.to_dict(), "trainable": flags, **networks}

    @classmethod
    def from_config(cls, config: Config, custom_objects: dict[str, Any] | None = None) -> GAN:
        networks = {
            role: keras.saving.deserialize_keras_object(config[role], custom_objects=custom_objects)
            for role in ("generator", "discriminator")
        }
        gan = cls(**networks, spec=ModelSpec.from_dict(config["spec"]), name=config["name"])
        trainable_flags.write_all(gan, config["trainable"])
        return gan

    def get_compile_config(self) -> dict[str, Any] | None:
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        parts = {name: getattr(self, name) for name in _COMPILED_OBJECTS}
        penalties = [serialize(penalty) for penalty in self.penalties]
        return {
            **{name: None if part is None else serialize(part) for name, part in parts.items()},
            "penalty": penalties if len(penalties) > 1 else (penalties or [None])[0],
            "regularizers": [serialize(regularizer) for regularizer in self.regularizers],
            "source": None if self.source is None else self.source.to_config(),
            **{name: getattr(self, name) for name in (*_COMPILED_NUMBERS, *_COMPILED_LATER)},
        }

    def compile_from_config(self, config: Config) -> None:
        def revive(part: Any) -> Any:
            if isinstance(part, list):
                return [revive(item) for item in part]
            return None if part is None else keras.saving.deserialize_keras_object(part)

        if config.get("source"):  # its weights follow from the file
            compiled_parts.set_source(self, compiled_parts.SourceNetworks.of_config(config["source"]))
        parts = {name: revive(config[name]) for name in (*_COMPILED_OBJECTS, "penalty", "regularizers")}
        later = {name: config.get(name) for name in _COMPILED_LATER}  # not in files of earlier versions
        self.compile(**parts, **{name: config[name] for name in _COMPILED_NUMBERS}, **later)

    def compile_like(self, other: GAN) -> None:
        """Compiles as another GAN is: a GAN of the same training with a changed network goes on from it.

        Penalties, augmentation and regularisers keep what they measured and the source that they compare with; the
        optimizers are fresh.

        Args:
            other: compiled `GAN`.

        Raises:
            UserError: for a part whose variables do not fit the changed networks.
        """
        clone = compiled_parts.clone_part
        compiled_parts.set_source(self, other.source)
        objects = {name: clone(getattr(other, name)) for name in _COMPILED_OBJECTS}
        lists = {name: list(map(clone, getattr(other, attribute))) for name, attribute in _COMPILED_LISTS.items()}
        names = (*_COMPILED_NUMBERS, *_COMPILED_LATER, "run_eagerly", "steps_per_execution", "jit_compile")
        numbers = {name: getattr(other, name) for name in names}
        self.compile(**objects, **lists, **numbers, auto_scale_loss=False)  # type: ignore[arg-type]
        for name in ("objective", "augment"):
            compiled_parts.carry_state(getattr(other, name), getattr(self, name))
        for name in _COMPILED_LISTS.values():
            for old, new in zip(getattr(other, name), getattr(self, name), strict=True):
                compiled_parts.carry_state(old, new)


def _mean_logit(logits: list[tf.Tensor] | tf.Tensor) -> tf.Tensor:
    """float32 scalar: the mean of each head's logits, averaged over the heads."""
    heads = [tf.reduce_mean(tf.cast(head, tf.float32)) for head in tf.nest.flatten(logits)]
    return tf.add_n(heads) / len(heads)


protocols.MultiNetwork.register(GAN)
_COMPILED_OBJECTS = ("objective", "augment", "g_optimizer", "d_optimizer")
_COMPILED_LISTS = {"penalty": "penalties", "regularizers": "regularizers"}  # the argument -> the attribute
_COMPILED_NUMBERS = ("ema_halflife_kimg", "ema_rampup", "seed")
_COMPILED_LATER = ("micro_batch",)
