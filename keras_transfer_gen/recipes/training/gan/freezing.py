"""Which weights of a GAN's source are trained: the settings' rules, and what the maker of a SavedModel froze."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, tables
from keras_transfer_gen.networks.latents.latent_mapper import MAPPER, OLD_OUTPUT, OUTPUT
from keras_transfer_gen.recipes.training.rules import EVERYTHING
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.training.gan import GAN
    from keras_transfer_gen.transfer.freezing.trainable_report import TrainableReport


STATISTICS = r"generator/.*(moving|running)_(mean|var|variance)"  # of the norms


def frozen_by_author(gan: GAN) -> list[tuple[str, bool]]:
    """Freezing rules for what a SavedModel's maker saved as not to be trained, such as filters and fixed noise.

    There are none where that is all of it: such a SavedModel was saved for use alone.
    """
    frozen, any_trainable = set(), False
    for layer in saved_model_layers(gan.generator):
        frozen |= layer.frozen_by_author
        any_trainable = any_trainable or bool(layer.trained_by_author)
    if not any_trainable:
        return []
    pairs = [pair for leaf in leaves(gan) for pair in zip(leaf.variable_paths(), leaf.variables, strict=True)]
    return [(re.escape(path), False) for path, variable in pairs if id(variable) in frozen]


def freeze_source(
    source: GAN, settings: FineTuneSettings, reporter: Reporter, more: Sequence[tuple[str, bool]] = ()
) -> TrainableReport:
    """Sets what of a source is trained, as the settings say; layers that were frozen in the source are trainable again.

    Args:
        source: `GAN`.
        settings: `FineTuneSettings`.
        reporter: told where the whole discriminator is frozen.
        more: freezing rules after those of the settings.

    Returns:
        `trainable_report.Report`.

    Raises:
        UserError: for a rule that fits nothing, and where nothing of the generator would be trained.
    """
    with checks.named(model="source", rules="freeze", blocks="freeze_d"):
        report = freeze(source, [*settings.rules(), *frozen_by_author(source), *more, EVERYTHING])
    frozen = [role for role, network in source.roles.items() if not network.trainable_variables]
    if "generator" in frozen:
        what = "the whole generator" if len(frozen) == 1 else "both networks"
        hint = f"The rules freeze {what}, so its images would not change. Give fewer rules with --freeze."
        raise checks.user_error("freeze", "rules that leave part of the generator trainable", settings.freeze, hint)
    if frozen:
        reporter.say(
            "All discriminator weights are frozen: the generator adapts to a discriminator that learns nothing."
        )
    return report


def is_third_party(gan: GAN) -> bool:
    """Whether a GAN's generator is not one that this package can build anew with fresh weights."""
    added = {MAPPER, OUTPUT, OLD_OUTPUT} & {layer.name for layer in gan.generator.layers}
    return gan.spec.arch not in ("", *tables.ARCHITECTURES) or bool(added or saved_model_layers(gan.generator))
