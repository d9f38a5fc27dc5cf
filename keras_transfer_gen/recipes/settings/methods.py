"""How a source is adapted: which weights move, how fast, and what is put around the generator. Loads nothing heavy."""

import dataclasses

from keras_transfer_gen.transfer.freezing.rules import scale_shift_only

ADDED = r"generator/(latent_mapper|latent_mixture|image_adapter|output_network)(/.*)?"


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of `METHODS`.

    Args:
        rules: freezing rules, after those that the user gives.
        rate: the generator's learning rate as a multiple of the discriminator's.
        mapper: whether a `LatentMapper` is put in front of the generator.
        words: what it does, for reports.
    """

    rules: tuple
    rate: float
    mapper: bool
    words: str


METHODS = {
    "full": Method((), 1.0, False, "every weight of the source is trained"),
    # Few weights are left to move, and each shifts a whole channel: Noguchi and Harada (2019) take 5e-4.
    "bsa": Method(
        (("discriminator/.*", True), scale_shift_only()), 2.5, False, "scales, shifts and biases of the generator"
    ),
    # MineGAN takes 1e-3 to 2e-3 for the minegan.
    "minegan": Method(
        ((ADDED, True), ("generator/.*", False)), 5.0, True, "a mapper of latents before a frozen generator"
    ),
}
