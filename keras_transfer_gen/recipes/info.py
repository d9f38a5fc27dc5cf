"""What is known of a model, for people and programs."""

from keras_transfer_gen.recipes.load import MeasuredGenerator, load_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.report import trainable_report


def model_info(model, layers=False, trust=False):
    """Facts about a model.

    Args:
        model: preset name, RUN folder, `.keras` file or SavedModel.
        layers: also list its layers, as freezing rules name them.
        trust: whether you vouch for a model from the web, see `load_generator`.

    Returns:
        JSON-ready dict.
    """
    loaded = load_generator(model, trust)
    found = {"model": str(model), **loaded.spec.to_dict()}
    if isinstance(loaded, MeasuredGenerator):
        return {**found, "kind": "SavedModel, measured (`ktg models inspect` shows more)", **_measured(loaded)}
    if not isinstance(loaded, GAN):
        return {**found, "kind": "exported SavedModel, generator only"}
    found["kind"] = "GAN"
    found["kimg"] = loaded.kimg
    found["parameters"] = {role: network.count_params() for role, network in loaded.roles.items()}
    if layers:
        found["layers"] = trainable_report(loaded).to_dict()["rows"]
    return found


def _measured(loaded):
    return {"inputs": ", ".join(f"{name}: {role}" for name, role in loaded.measured.roles.items())}
