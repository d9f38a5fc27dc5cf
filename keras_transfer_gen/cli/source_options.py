"""The options about models of others: written once for every command that takes a model, handed over as one object."""

import dataclasses
import functools
import inspect

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


@dataclasses.dataclass(frozen=True)
class SourceOptions:
    """How a model of others is had, and what is said of it.

    Args:
        trust: whether the user vouches for a model from the web.
        offline: True makes no request; None asks the environment variable KTG_OFFLINE.
        sha256: what the digest of the archive must be, or None.
        overrides: `SpecOverrides`.
    """

    trust: bool
    offline: bool | None
    sha256: str | None
    overrides: SpecOverrides

    def prefetch(self, model):
        """Has the model at hand before TensorFlow is loaded, with a bar on stderr where it is fetched."""
        from keras_transfer_gen.cli.console import ConsoleReporter

        with ConsoleReporter() as reporter:
            prefetch(model, self.trust, self.sha256, self.offline, reporter)


FLAGS = {
    "trust": (o.Trust, False),
    "offline": (o.Offline, False),
    "sha256": (o.Sha256, None),
    "latent_dim": (o.LatentDim, None),
    "distribution": (o.Distribution, None),
    "labels": (o.Labels, None),
    "pixel_range": (o.PixelRange, None),
}


def with_source_options(command):
    """Puts the options of `FLAGS` in the place of a command's parameter of the type `SourceOptions`.

    Typer reads a command's signature, so the options are written into it. The command gets them as one object; what
    they say is checked before it runs.
    """
    signature = inspect.signature(command)
    (place,) = [p for p in signature.parameters.values() if p.annotation is SourceOptions]

    @functools.wraps(command)
    def run(*args, trust, offline, sha256, latent_dim, distribution, labels, pixel_range, **kwargs):
        overrides = SpecOverrides(latent_dim, distribution, labels, pixel_range)
        kwargs[place.name] = SourceOptions(trust, offline or None, sha256, overrides)
        return command(*args, **kwargs)

    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in FLAGS.items()
    ]
    parameters = []
    for parameter in signature.parameters.values():
        keyword = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += flags if parameter.name == place.name else [keyword]
    run.__signature__ = signature.replace(parameters=parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
