"""The options about third-party models: the same for every command that takes a model, handed over as one object."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.setting_options import option_parameters, replace_parameter
from keras_transfer_gen.data.label_forms import check_form
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.third_party import ThirdPartySettings
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides, describes_source

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.models.resolve import ModelRef


FACTS = ("latent_dim", "latent_distribution", "labels", "pixel_range")  # what the user may say of a model


@dataclasses.dataclass(frozen=True)
class SourceOptions:
    """Where a third-party model comes from, and what the user says of it.

    Args:
        trust: whether the user vouches for a model from the web.
        offline: whether to make no request.
        sha256: what the digest of the archive must be, or None.
        overrides: `SpecOverrides`.
        data_labels: where the labels of images come from, of a command that reads some; else None.
    """

    trust: bool
    offline: bool
    sha256: str | None
    overrides: SpecOverrides
    data_labels: str | None = None

    def prefetch(self, model: str) -> "ModelRef":
        """Resolves a model, and fetches it, before TensorFlow is loaded; see `prefetch_source`."""
        return prefetch_source(model, self.trust, self.sha256, self.offline)


def prefetch_source(model: str, trust: bool, sha256: str | None, offline: bool) -> "ModelRef":
    """Resolves a model, and fetches one from the web, before TensorFlow is loaded, with a progress bar on stderr.

    Args:
        model: what the user called it.
        trust: whether the user vouches for a model from the web.
        sha256: what the digest of the archive must be, or None.
        offline: True makes no request; False asks the environment variable KTG_OFFLINE.

    Returns:
        `ModelRef`, for what loads the model.
    """
    from keras_transfer_gen.cli.console import ConsoleReporter

    with ConsoleReporter() as reporter:
        return prefetch(model, trust, sha256, offline or None, reporter)


def source_parameters(reads_images: bool = False) -> dict[str, inspect.Parameter]:
    """The options: those of the settings, then --offline and --sha256.

    Args:
        reads_images: whether --labels may also say where the labels of images come from.

    Returns:
        {name: `inspect.Parameter`}.
    """
    parameters = option_parameters((FineTuneSettings,), ("trust",)) | option_parameters((ThirdPartySettings,), FACTS)
    if reads_images:
        parameters |= option_parameters((FineTuneSettings,), ("labels",))
    for name, annotation, default in (("offline", o.Offline, False), ("sha256", o.Sha256, None)):
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters[name] = inspect.Parameter(name, kind, default=default, annotation=annotation)
    return parameters


def with_source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: puts these options in the place of a command's parameter of the type `SourceOptions`.

    The command gets one object; what it says is checked before the command runs.
    """
    return _with_options(command, reads_images=False)


def with_source_and_label_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`with_source_options` for a command that reads images: --labels may say where their labels come from as well."""
    return _with_options(command, reads_images=True)


def _with_options(command: Callable[..., Any], reads_images: bool) -> Callable[..., Any]:
    signature = inspect.signature(command)
    (replaced,) = [name for name, p in signature.parameters.items() if p.annotation is SourceOptions]

    @functools.wraps(command)
    def run(trust: bool, offline: bool, sha256: str | None, **values: Any) -> Any:
        facts = {name: values.pop(name) for name in FACTS}
        data_labels = None
        if reads_images and facts["labels"] is not None and not describes_source(facts["labels"]):
            data_labels, facts["labels"] = check_form(facts["labels"]), None
        options = SourceOptions(bool(trust), offline, sha256, SpecOverrides(**facts), data_labels)
        return command(**{replaced: options}, **values)

    return replace_parameter(run, signature, replaced, source_parameters(reads_images).values())
