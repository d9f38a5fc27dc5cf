"""How a source is adapted: which weights are trained, how fast, and what is added. Loads nothing heavy."""

import dataclasses

from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.transfer.freezing.rules import scale_shift_only

# Paths of the layers that a method adds to a generator; "output_network" is the name in files of version 0.1.
ADDED = r"generator/(latent_mapper|latent_mixture|image_adapter|output_network)(/.*)?"
FROZEN_ENCODER = ("encoder(/.*)?", False)


@dataclasses.dataclass(frozen=True)
class GanMethod:
    """A row of `GAN_METHODS`.

    Args:
        rules: freezing rules, after those that the user gives.
        g_lr_ratio: the generator's learning rate as a multiple of the discriminator's.
        mapper: whether a `LatentMapper` is put in front of the generator.
        words: what it does, for reports.
    """

    rules: tuple
    g_lr_ratio: float
    mapper: bool
    words: str


@dataclasses.dataclass(frozen=True)
class VaeMethod:
    """A row of `VAE_METHODS`.

    Args:
        rules: freezing rules, in order.
        learning_rate: the default of Adam's learning rate.
        trains: whether there is a gradient at all.
        anchored: whether posterior and weights are kept near the source's.
        words: what it does, for reports.
    """

    rules: tuple
    learning_rate: float
    trains: bool
    anchored: bool
    words: str


@dataclasses.dataclass(frozen=True)
class VqMethod:
    """A row of `VQ_METHODS`.

    Args:
        decoder: whether the decoder is trained, at fixed tokens.
        prior_rules: freezing rules of the prior's network, in order; None where it is not trained.
        words: what it does, for reports.
    """

    decoder: bool
    prior_rules: tuple | None
    words: str


GAN_METHODS = {
    "full": GanMethod((), 1.0, False, "every weight of the source is trained"),
    # Few weights are trained, and each of them shifts a whole channel: Noguchi and Harada (2019) take a rate of 5e-4.
    "bsa": GanMethod(
        (("discriminator/.*", True), scale_shift_only()), defaults.BSA_RATIO, False,
        "scales, shifts and biases of the generator are trained",
    ),
    # Wang et al. (2020) train the miner with a rate of 1e-3 to 2e-3.
    "minegan": GanMethod(
        ((ADDED, True), ("generator/.*", False)), defaults.MINEGAN_RATIO, True,
        "a mapper of latents before a frozen generator is trained",
    ),
}  # fmt: skip

VAE_METHODS = {
    "decoder": VaeMethod(
        (FROZEN_ENCODER,), defaults.VAE_LEARNING_RATE, True, False, "the decoder alone: latents keep their meaning"
    ),
    "bsa": VaeMethod(
        (FROZEN_ENCODER, scale_shift_only()), defaults.VAE_BSA_LEARNING_RATE, True, False,
        "scales, shifts and biases of the decoder",
    ),
    "prior": VaeMethod((), defaults.VAE_LEARNING_RATE, False, False, "the prior alone, without a gradient"),
    "anchored": VaeMethod(
        (), defaults.VAE_ANCHORED_LEARNING_RATE, True, True, "everything, kept near the source"
    ),
    "full": VaeMethod((), defaults.VAE_LEARNING_RATE, True, False, "everything"),
}  # fmt: skip

VQ_METHODS = {
    "full": VqMethod(True, (), "the decoder at fixed tokens, then the prior"),
    "decoder": VqMethod(True, None, "the decoder alone, at fixed tokens: a new style for what the prior knows"),
    "prior": VqMethod(False, (), "the prior alone: new contents in the style of the source"),
    "prefix": VqMethod(
        False, (("prior/embedding/classes", True), ("prior(/.*)?", False)),
        "the vector alone that tells the prior what to draw",
    ),
}  # fmt: skip

OLD_METHODS = {"miner": "minegan", "scale-shift": "bsa"}  # names of version 0.1
