"""What generator and discriminator are called with: one description for training and use."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Self

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


IMAGES, LATENTS, LABELS = "images", "latents", "labels"
TRUNCATION = "truncation"  # of an input that draws images towards the average by itself, instead of shorter latents


@dataclasses.dataclass(frozen=True)
class NetworkInput:
    """An input that is drawn with the latents, one value an image.

    It follows a distribution, or is a class number, or the same `value` for every image.

    Args:
        name: of the network's input.
        shape: of one image's value.
        distribution: of the draws, one of `specs.DISTRIBUTIONS`, or None.
        classes: number of classes, drawn as whole numbers; 0 for what is no class.
        shares: how often each class is drawn, numbers that add up to 1; empty where all are equally likely.
        value: where it is neither drawn nor a class.
    """

    name: str
    shape: tuple[int, ...] = ()
    distribution: str | None = None
    classes: int = 0
    value: float = 0.0
    shares: tuple[float, ...] = ()

    @property
    def dtype(self) -> str:
        """Of the values: "int32" of a class, else "float32"."""
        return "int32" if self.classes else "float32"


@dataclasses.dataclass(frozen=True)
class NetworkInputs:
    """Which inputs the two networks of a GAN take, and how what is not an image is drawn.

    A network takes a dict by name, or its one input as a bare tensor. So labels reach each network that has an input
    of that name: those of real images come from the data set, those of generated ones are drawn.

    Args:
        drawn: tuple of `NetworkInput`, all that is drawn for an image: latents first, then labels, then what the
            architecture adds.
        generator: names of the generator's inputs; None where it takes bare latents.
        discriminator: names of the discriminator's inputs; None where it takes bare images.

    Example:
        >>> from keras_transfer_gen.specs import ModelSpec
        >>> spec = ModelSpec(image_size=32, channels=3, latent_dim=8, num_classes=5)
        >>> inputs = NetworkInputs.of(spec, generator=("latents", "labels"), discriminator=("images", "labels"))
        >>> sorted(inputs.for_discriminator("x", {"latents": "z", "labels": "y"}))
        ['images', 'labels']
    """

    drawn: tuple[NetworkInput, ...]
    generator: tuple[str, ...] | None = None
    discriminator: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        generator: tuple[str, ...] | None = None,
        discriminator: tuple[str, ...] | None = None,
        added: Iterable[NetworkInput] = (),
    ) -> Self:
        """The description of two networks.

        Args:
            spec: `ModelSpec`: latent_dim, distribution and num_classes.
            generator: names of its inputs, or None for bare latents.
            discriminator: names of its inputs, or None for bare images.
            added: tuple of `NetworkInput` that the architecture knows beside latents and labels.

        Raises:
            UserError: where a network has an input of which nothing is known, or lacks latents or images.
        """
        known = [NetworkInput(LATENTS, (spec.latent_dim,), spec.distribution)]
        if spec.num_classes:
            known.append(NetworkInput(LABELS, classes=spec.num_classes, shares=tuple(spec.class_shares)))
        known += added
        names = [entry.name for entry in known]
        _check_names("generator", generator, names, LATENTS)
        _check_names("discriminator", discriminator, [IMAGES, *names], IMAGES)
        wanted = {LATENTS, LABELS, *(generator or ()), *(discriminator or ())}
        return cls(tuple(entry for entry in known if entry.name in wanted), generator, discriminator)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of what the discriminator takes beside the images: the data set must have it of real ones."""
        return tuple(name for name in self.discriminator or () if name != IMAGES)

    def with_shares(self, shares: Iterable[float]) -> NetworkInputs:
        """The same with classes that are drawn by these shares; see `NetworkInput`."""
        drawn = tuple(
            dataclasses.replace(entry, shares=tuple(shares)) if entry.name == LABELS else entry for entry in self.drawn
        )
        return dataclasses.replace(self, drawn=drawn)

    def for_generator(self, values: Any) -> Any:
        """What the generator is called with.

        Args:
            values: dict of name -> tensor, of which it is given its own; or bare latents. What has the same value for
                every image may be left out.

        Raises:
            UserError: where something that it takes is not there.
        """
        values = values if isinstance(values, dict) else {LATENTS: values}
        return _pick("inputs", self._with_constants(values), self.generator, LATENTS)

    def _with_constants(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values, and the constants that the generator takes and that were not given."""
        constants = [entry for entry in self.drawn if entry.distribution is None and not entry.classes]
        missing = [entry for entry in constants if entry.name in (self.generator or ()) and entry.name not in values]
        if not missing or LATENTS not in values:
            return values
        from keras import ops  # the command line lists inputs without it

        values = {name: ops.convert_to_tensor(value) for name, value in values.items()}  # Keras refuses a mixture
        batch = ops.shape(values[LATENTS])[0]
        return values | {entry.name: ops.full((batch, *entry.shape), entry.value, "float32") for entry in missing}

    def for_discriminator(self, images: Any, values: dict[str, Any]) -> Any:
        """What the discriminator is called with: a tensor or a dict.

        Args:
            images: float32 `[batch, H, W, C]`.
            values: dict of name -> tensor, of which it is given its own.

        Raises:
            UserError: where something that it takes is not there.
        """
        return _pick("labels", {**values, IMAGES: images}, self.discriminator, IMAGES)


def input_names(network: keras.Model) -> tuple[str, ...] | None:
    """Names of a functional model's inputs where it takes a dict, else None."""
    structure = getattr(network, "input", None)
    return tuple(structure) if isinstance(structure, dict) else None


def wrap_input(network: keras.Model, value: Any) -> Any:
    """What a network of one input is called with: the value, or a dict with it where the network takes a dict."""
    names = input_names(network)
    return value if names is None or isinstance(value, dict) else {names[0]: value}


def bare_input_shape(network: keras.Model) -> tuple[int | None, ...] | None:
    """Shape of the one input of a functional model, (None, ...); None where it has several."""
    structure = network.input
    tensors = list(structure.values()) if isinstance(structure, dict) else [structure]
    return tuple(tensors[0].shape) if len(tensors) == 1 and hasattr(tensors[0], "shape") else None


def _pick(argument: str, values: dict[str, Any], names: tuple[str, ...] | None, bare: str) -> Any:
    missing = [name for name in names or (bare,) if name not in values]
    if missing:
        step = "Labels of real images are part of the data set: (images, labels)." if argument == LABELS else ""
        raise checks.user_error(argument, f"given, as a dict with {', '.join(missing)}", list(values), step)
    return values[bare] if names is None else {name: values[name] for name in names}


def _check_names(role: str, names: tuple[str, ...] | None, known: Collection[str], needed: str) -> None:
    if names is None:
        return
    unknown = [name for name in names if name not in known]
    if unknown or needed not in names:
        expected = f"a model with the input {needed} and others of {', '.join(known)}"
        step = "Labels need spec=ModelSpec(..., num_classes=...); other inputs an Architecture that is registered."
        raise checks.user_error(role, expected, list(names), step)
