"""From what a user calls a model (preset, RUN, `.keras` file, exported SavedModel) to something that makes pictures."""

from keras_transfer_gen import checks, pixels, tables
from keras_transfer_gen.recipes.locate import locate
from keras_transfer_gen.specs import check_truncation
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import numbered_latents


def load_gan(source):
    """A `GAN` with its optimizers, ready to be frozen, compiled anew and fitted.

    Args:
        source: preset name, RUN folder or `.keras` file.

    Raises:
        UserError, UserFileError: where it can't be found or holds no GAN.

    Example:
        >>> gan = load_gan("noto_gan_64")  # doctest: +SKIP
    """
    checks.check_backend()
    kind, path = locate(source)
    if kind == "saved_model":
        hint = "A SavedModel has no discriminator. Give the RUN or the .keras file that it was exported from."
        raise checks.user_error("source", "a preset, a RUN folder or a .keras file", str(source), hint)
    model = _load_keras(path)
    if not isinstance(model, GAN):
        hint = f"It holds a {type(model).__name__}."
        raise checks.user_error("source", "a model saved from a GAN", str(source), hint)
    return model


def load_generator(source):
    """Whatever makes pictures: an object with `spec` and `generate(num, seed, truncation)`.

    Args:
        source: preset name, RUN folder, `.keras` file of a GAN, or a SavedModel that this package exported.

    Raises:
        UserError, UserFileError: where it can't be found or used.
    """
    kind, path = locate(source)
    if kind == "keras":
        return load_gan(source)
    from keras_transfer_gen.export.saved_model import read_saved_model

    return ServedGenerator(*read_saved_model(path))


class ServedGenerator:
    """An exported SavedModel, used as a generator.

    Args:
        function: latents float32 `[N, latent_dim]` -> images float32 `[N, H, W, C]` in [-1, 1].
        spec: its `ModelSpec`.
    """

    def __init__(self, function, spec):
        self.function = function
        self.spec = spec

    def generate(self, num, seed=0, truncation=None):
        """uint8 `[num, H, W, C]`; the same latents as `GAN.generate`."""
        num = checks.check_integer("num", num, next_step="Ask for at least one picture with --num.")
        seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with --seed.")
        truncation = check_truncation(self.spec.truncation if truncation is None else truncation)
        latents = numbered_latents(range(num), self.spec.latent_dim, seed, truncation)
        return pixels.paint(self.function, latents)


def _load_keras(path):
    import keras

    tables.register_classes()
    try:
        return keras.models.load_model(path)
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise checks.file_error("model", "a readable .keras file", path, f"Keras says: {reason}") from error
