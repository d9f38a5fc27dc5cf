"""How a VAE is adapted: which weights move, how fast, and what holds them. Loads nothing heavy."""

import dataclasses

from keras_transfer_gen.transfer.freezing.rules import scale_shift_only

SOURCE_RATE = 1e-3  # the learning rate that the shipped VAEs were trained with
SOURCE = "source.keras"  # in checkpoints/ of a RUN: the VAE that it began with
HELD = ("encoder(/.*)?", False)


@dataclasses.dataclass(frozen=True)
class VaeMethod:
    """A row of `VAE_METHODS`.

    Args:
        rules: freezing rules, in order.
        rate: the default learning rate.
        trains: whether there is a gradient at all.
        anchored: whether posterior and weights are held near the source's.
        words: what it does, for reports.
    """

    rules: tuple
    rate: float
    trains: bool
    anchored: bool
    words: str


VAE_METHODS = {
    "decoder": VaeMethod((HELD,), SOURCE_RATE, True, False, "the decoder alone: latents keep their meaning"),
    "bsa": VaeMethod(
        (HELD, scale_shift_only()), 5 * SOURCE_RATE, True, False, "scales, shifts and biases of the decoder"
    ),
    "prior": VaeMethod((), SOURCE_RATE, False, False, "the prior alone, without a gradient"),
    "anchored": VaeMethod((), 0.1 * SOURCE_RATE, True, True, "everything, held near the source"),
    "full": VaeMethod((), SOURCE_RATE, True, False, "everything"),
}
