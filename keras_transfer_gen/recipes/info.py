"""What is known of a model, for people and programs."""

from keras_transfer_gen.recipes.load import load_generator
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.report import trainable_report


def model_info(model, layers=False):
    """Facts about a model.

    Args:
        model: preset name, RUN folder, `.keras` file or exported SavedModel.
        layers: also list its layers, as freezing rules name them.

    Returns:
        JSON-ready dict.
    """
    loaded = load_generator(model)
    found = {"model": str(model), **loaded.spec.to_dict()}
    if not isinstance(loaded, GAN):
        return {**found, "kind": "exported SavedModel, generator only"}
    found["kind"] = "GAN"
    found["kimg"] = loaded.kimg
    found["parameters"] = {role: network.count_params() for role, network in loaded.roles.items()}
    if layers:
        found["layers"] = trainable_report(loaded).to_dict()["rows"]
    return found
