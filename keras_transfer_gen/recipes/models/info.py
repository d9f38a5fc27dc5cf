"""Facts about a model: sizes, licence, what kind it is, its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.models.image_generators import (
    MeasuredGenerator,
    ModelGenerator,
    ServedGenerator,
    open_model,
)
from keras_transfer_gen.recipes.models.load import load_generator
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


KINDS = {  # of a model that is neither a GAN nor a VAE
    MeasuredGenerator: "SavedModel, measured (`ktg models inspect` shows more)",
    ModelGenerator: "Keras generator, measured",
    ServedGenerator: "exported SavedModel, generator only",
}


def model_info(
    model: PathLike | ModelRef, layers: bool = False, trust: bool = False, overrides: SpecOverrides | None = None
) -> dict[str, Any]:
    """Facts about a model.

    Args:
        model: preset name, RUN folder, `.keras` file or SavedModel; or a `ModelRef`.
        layers: also list its layers, by the names that freezing rules use.
        trust: whether you vouch for a model from the web, see `open_model`.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.

    Returns:
        JSON-ready dict.
    """
    ref = resolve_model(model, trust)
    loaded = open_model(ref, overrides=overrides)
    trained = isinstance(loaded, (GAN, VAE, VQVAE))
    info = {"model": ref.name, **loaded.spec.to_dict(), "kind": _kind(loaded)}
    info |= _training_facts(loaded) if trained else _input_facts(loaded)
    if layers and trained:
        info["layers"] = trainable_report(loaded).to_dict()["rows"]
    elif layers:
        rows = trainable_report(load_generator(ref, overrides=overrides)[0]).to_dict()["rows"]
        info["layers"] = [{**row, "path": f"generator/{row['path']}"} for row in rows]  # as in `ktg finetune`
    return info


def _kind(loaded: Any) -> str:
    """What a loaded model is, in words."""
    exported = isinstance(loaded, VAE) and bool(saved_model_layers(loaded.decoder))
    return "exported SavedModel of a VAE" if exported else KINDS.get(type(loaded), type(loaded).__name__)


def _input_facts(loaded: Any) -> dict[str, str]:
    """What the inputs of a third-party SavedModel are."""
    if not isinstance(loaded, MeasuredGenerator):
        return {}
    return {"inputs": ", ".join(f"{name}: {role}" for name, role in loaded.measured.roles.items())}


def _training_facts(model: GAN | VAE | VQVAE) -> dict[str, Any]:
    """What is known of a `GAN`, `VAE` or `VQVAE` beside its spec."""
    facts: dict[str, Any] = {}
    if isinstance(model, VAE):
        facts |= {part: type(getattr(model, part)).__name__ for part in ("prior", "likelihood")}
        facts |= {name: getattr(model, name) for name in ("beta", "free_bits", "kl_annealing_kimg")}
    if isinstance(model, VQVAE):
        rows, columns = model.grid
        facts["tokens"] = f"{rows} x {columns} of {model.quantizer.num_codes} codes"
        if model.prior_grid != model.grid:
            facts["tokens"] += f", of which the prior draws {model.prior_grid[0]} x {columns}"
    if model.kimg:  # the count of presets and exports begins at 0
        facts["kimg"] = model.kimg
    return {**facts, "parameters": {role: network.count_params() for role, network in model.roles.items()}}
