"""What is known of a model, for people and programs."""

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
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.generator import saved_model_layers

KINDS = {
    MeasuredGenerator: "SavedModel, measured (`ktg models inspect` shows more)",
    ModelGenerator: "Keras generator, measured",
    ServedGenerator: "exported SavedModel, generator only",
}


def model_info(model, layers=False, trust=False, overrides=None):
    """Facts about a model.

    Args:
        model: preset name, RUN folder, `.keras` file or SavedModel.
        layers: also list its layers, as freezing rules name them.
        trust: whether you vouch for a model from the web, see `open_model`.
        overrides: `SpecOverrides`, what is given of a generator of others instead of measured, or None.

    Returns:
        JSON-ready dict.
    """
    ref = resolve_model(model, trust)
    loaded = open_model(ref, overrides=overrides)
    found = {"model": ref.name, **loaded.spec.to_dict()}
    if not isinstance(loaded, (GAN, VAE)):
        found["kind"] = KINDS[type(loaded)]
        if isinstance(loaded, MeasuredGenerator):
            found["inputs"] = ", ".join(f"{name}: {role}" for name, role in loaded.measured.roles.items())
        if layers:
            rows = trainable_report(load_generator(ref, overrides=overrides)[0]).to_dict()["rows"]
            found["layers"] = [{**row, "path": f"generator/{row['path']}"} for row in rows]  # as in `ktg finetune`
        return found
    served = isinstance(loaded, VAE) and bool(saved_model_layers(loaded.decoder))
    found["kind"] = "exported SavedModel of a VAE" if served else type(loaded).__name__
    if isinstance(loaded, VAE):
        found |= {part: type(getattr(loaded, part)).__name__ for part in ("prior", "likelihood")}
        found |= {name: getattr(loaded, name) for name in ("beta", "free_bits", "kl_annealing_kimg")}
    if loaded.kimg:  # presets and exports begin a count of their own at 0
        found["kimg"] = loaded.kimg
    found["parameters"] = {role: network.count_params() for role, network in loaded.roles.items()}
    if layers:
        found["layers"] = trainable_report(loaded).to_dict()["rows"]
    return found
