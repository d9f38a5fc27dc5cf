"""What an architecture supplies: `Architecture`, an entry of `tables.ARCHITECTURES`. Standard library alone.

An entry is a few lines beside the networks (`networks/<architecture>/entries.py`) that import the heavy builders only
inside their functions, so that the command line can list options without loading TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.network_inputs import NetworkInput
    from keras_transfer_gen.specs import ModelSpec


FAMILIES = ("gan", "vae")


@dataclasses.dataclass(frozen=True)
class Option:
    """A setting of an architecture that others need not have.

    Args:
        name: of the builder's argument; as an option of the command line with "-" for "_".
        default: bool, int, float or str; its type is the option's.
        help: one line.
        least: lower bound of a number.

    Example:
        >>> Option("width", 16, "channels of each map").default
        16
    """

    name: str
    default: object
    help: str
    least: float = 1

    def check(self, value: Any) -> Any:
        """Returns a value of the option's type, or raises a `UserError`."""
        step = f"Such as {self.name}={self.default} (--{self.name.replace('_', '-')} {self.default})."
        if isinstance(self.default, bool) or isinstance(self.default, str):
            if isinstance(value, type(self.default)):
                return value
            expected = "True or False" if isinstance(self.default, bool) else "text"
            raise checks.user_error(self.name, expected, value, step)
        check = checks.check_integer if isinstance(self.default, int) else checks.check_number
        return check(self.name, value, least=self.least, next_step=step)


def clone_networks(networks: Iterable[keras.Model]) -> list[keras.Model]:
    """Copies of networks with fresh weights, everything trainable, without heads that were trained elsewhere."""
    import keras

    from keras_transfer_gen.protocols import without_lipschitz_bounded

    fresh = [keras.models.clone_model(without_lipschitz_bounded(network)) for network in networks]
    for network in fresh:
        for layer in network._flatten_layers():  # private, but the public list leaves inner layers out
            layer.trainable = True
    return fresh


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A way of building networks, and what other parts must know of it: one object a row of `tables.ARCHITECTURES`.

    Args:
        build_networks: function (spec, **options) -> (generator, discriminator), or (encoder, decoder) of a VAE: Keras
            models for a `ModelSpec`'s image_size, channels, latent_dim, distribution and num_classes.
        family: "gan" or "vae".
        options: tuple of `Option`, the keywords that `build_networks` takes beside the spec.
        image_sizes: sides of images that it can be built for, in pixels.
        channels: numbers of channels that it can be built for.
        latent_dim: length of a latent vector where none is asked for.
        rebuild_networks: function networks -> networks of the same shape with fresh weights.
        build_discriminator: function (spec, trained or None) -> discriminator for the images of a generator that has
            none. `trained` is a trained discriminator to begin with. None: the architecture can't.
        grow_networks: function networks -> (generator, discriminator) for images of twice the side, which begin with
            the images and the judgement of the trained ones. None: the architecture can't.
        find_blocks: function (role, paths) -> paths of a network's blocks, from the image's side on, for the rules
            that freeze blocks. None: the blocks are told by the names of the layers, see `freeze_d`.
        inputs: tuple of `network_inputs.NetworkInput`, what the networks take beside latents, images and labels.
        intermediates: name -> layer of the generator (or decoder) whose output penalties and regularisers see under
            that name, in `Step.intermediates`.

    Example:
        >>> def build(spec, width):
        ...     return make_generator(spec, width), make_discriminator(spec, width)
        >>> tiny = Architecture(build, options=(Option("width", 16, "channels of each map"),))
        >>> tiny.check_options({})
        {'width': 16}
    """

    build_networks: Callable
    family: str = "gan"
    options: tuple[Option, ...] = ()
    image_sizes: tuple[int, ...] = checks.IMAGE_SIZES
    channels: tuple[int, ...] = checks.CHANNELS
    latent_dim: int = 128
    rebuild_networks: Callable = clone_networks
    build_discriminator: Callable | None = None
    grow_networks: Callable | None = None
    find_blocks: Callable | None = None
    inputs: tuple[NetworkInput, ...] = ()
    intermediates: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.check_choice("family", self.family, FAMILIES)

    def build(self, spec: ModelSpec, options: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The networks for a spec: (generator, discriminator), or (encoder, decoder) of a VAE.

        Args:
            spec: `ModelSpec`.
            options: dict of the architecture's own options; what is left out has its default.

        Raises:
            UserError: for an option that there is not or that can't be used, and images that it can't be built for.
        """
        checks.check_choice("image_size", spec.image_size, self.image_sizes, "Set it with image_size= (--image-size).")
        checks.check_choice("channels", spec.channels, self.channels, "Set it with channels= (--channels).")
        return tuple(self.build_networks(spec, **self.check_options(options or {})))

    def check_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All options of the architecture as a dict: those given, checked, and the defaults of the others.

        Raises:
            UserError: for an option that there is not or of another type.
        """
        known = {option.name: option for option in self.options}
        for name in options:
            checks.check_choice("option", name, known, "Leave it out for this architecture.")
        return {name: option.check(options.get(name, option.default)) for name, option in known.items()}

    def options_in(self, settings: object) -> dict[str, Any]:
        """The architecture's options as a settings object has them: dict, to be given to `build`.

        Args:
            settings: object; where it has no attribute of an option's name, the option's default is taken.
        """
        return {option.name: getattr(settings, option.name, option.default) for option in self.options}

    def rebuild(self, networks: Sequence[keras.Model]) -> tuple[keras.Model, ...]:
        """Networks of the same shape with fresh weights and everything trainable: a training "from scratch"."""
        return tuple(self.rebuild_networks(networks))

    def fresh_discriminator(self, spec: ModelSpec, trained: keras.Model | None = None) -> keras.Model:
        """A discriminator for the images of a generator that has none.

        Args:
            spec: `ModelSpec` of the generator.
            trained: a discriminator of the same architecture to begin with, or None.

        Raises:
            UserError: where there is none for such images.
        """
        if self.build_discriminator is None:
            raise checks.user_error("arch", "an architecture that builds discriminators", spec.arch, "Such as dcgan.")
        return self.build_discriminator(spec, trained)

    def grow(self, spec: ModelSpec, networks: Sequence[keras.Model]) -> tuple[keras.Model, ...]:
        """Networks for images of twice the side that begin with what trained ones know: (generator, discriminator).

        Args:
            spec: `ModelSpec` of the trained ones.
            networks: the trained generator and discriminator.

        Raises:
            UserError: where the architecture can't, or not to that size.
        """
        if self.grow_networks is None:
            step = f"This source generates {spec.image_size} pixels; leave image_size= (--image-size) out."
            raise checks.user_error("arch", "an architecture that can grow, such as dcgan", spec.arch, step)
        return tuple(self.grow_networks(networks))

    def blocks(self, role: str, paths: Sequence[str]) -> list[str]:
        """Paths of the blocks of one network, such as "discriminator/block_64", from the image's side on.

        [] where the architecture states none: they are then told by the names of the layers.

        Args:
            role: "generator", "discriminator", "encoder" or "decoder".
            paths: paths of the model's layers, in its order.
        """
        return [] if self.find_blocks is None else list(self.find_blocks(role, paths))
