"""From what a user calls a model (preset, RUN, `.keras` file, any SavedModel) to something that makes pictures."""

import numpy as np

from keras_transfer_gen import checks, files, pixels, tables
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
    # Trusted, since an address is refused below, without a request, for the reason that matters here.
    kind, path = locate(source, trust=True)
    if kind == "saved_model":
        hint = "A SavedModel has no discriminator. Give the RUN or the .keras file that it was exported from."
        raise checks.user_error("source", "a preset, a RUN folder or a .keras file", str(source), hint)
    model = _load_keras(path)
    if not isinstance(model, GAN):
        hint = f"It holds a {type(model).__name__}."
        raise checks.user_error("source", "a model saved from a GAN", str(source), hint)
    return model


def load_generator(source, trust=False):
    """Whatever makes pictures: an object with `spec` and `generate(num, seed, truncation)`.

    Args:
        source: preset name, RUN folder, `.keras` file of a GAN, or a SavedModel, of this package or of others: its
            folder, an archive (`.tar.gz`) of it, a handle of TensorFlow Hub or Kaggle, or another https address. What
            others made is measured first, see `measure_generator`.
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.

    Raises:
        UserError, UserFileError: where it can't be found or used; for a SavedModel that is no generator the message
            lists its inputs and outputs.

    Example:
        >>> images = load_generator("https://tfhub.dev/google/progan-128/1", trust=True).generate(4)  # doctest: +SKIP
    """
    kind, path = locate(source, trust)
    if kind == "keras":
        return load_gan(source)
    from keras_transfer_gen.transfer.model_sources import fetch_saved_model

    with checks.named(path="source"):
        return open_generator(fetch_saved_model(path), source)


def open_generator(folder, source):
    """The generator in the folder of a SavedModel.

    Args:
        folder: `pathlib.Path`, as `fetch_saved_model` gives it.
        source: what the user called it.
    """
    checks.check_backend()
    if is_exported(folder):
        from keras_transfer_gen.export.saved_model import read_saved_model

        return ServedGenerator(*read_saved_model(folder))
    from keras_transfer_gen.transfer.measure_generator import measure_generator
    from keras_transfer_gen.transfer.saved_model_files import load_saved_model

    loaded = load_saved_model(folder)
    return MeasuredGenerator(measure_generator(loaded, source, _first_latents), loaded)


def is_exported(folder):
    """Whether a SavedModel was exported by this package (bool), so that its spec lies beside it."""
    from keras_transfer_gen.export.saved_model import MARK, SPEC_FILE

    return (folder / SPEC_FILE).is_file() and MARK in files.read_json(folder / SPEC_FILE)


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
        latents, _, _ = _draw(self.spec, num, seed, truncation)
        return pixels.paint(self.function, latents)


class MeasuredGenerator:
    """A SavedModel of others, used as a generator.

    Args:
        measured: `Measured`, what was found out about it.
        loaded: the loaded object, kept alive: its functions alone don't hold its variables.
    """

    def __init__(self, measured, loaded):
        self.measured = measured
        self.loaded = loaded
        self.spec = measured.spec

    def generate(self, num, seed=0, truncation=None):
        """uint8 `[num, H, W, C]`; picture i, its class included, depends on `seed` and i alone.

        Args:
            num: number of pictures.
            seed: non-negative integer. The latents are those of `GAN.generate`; classes are drawn uniformly.
            truncation: factor on the latents in (0, 1], also given to the SavedModel where it has an input for it.
        """
        latents, numbers, truncation = _draw(self.spec, num, seed, truncation)
        size = self.spec.latent_dim

        def function(rows):
            return self.measured(rows[:, :size], rows[:, size].astype(np.int64), truncation)

        # A class number stands behind each vector: one array to cut into batches. It is exact, being below 2**24.
        classes = np.float32(numbered_classes(numbers, self.spec.num_classes, seed))
        return pixels.paint(function, np.concatenate([latents, classes[:, None]], axis=1))


def numbered_classes(numbers, num_classes, seed=0):
    """Classes of numbered pictures, uniform: class i depends on the seed and on i alone.

    Args:
        numbers: iterable of picture numbers.
        num_classes: 0 or 1 gives class 0 throughout.
        seed: non-negative integer.

    Returns:
        int64 ndarray `[len(numbers)]`.

    Example:
        >>> bool((numbered_classes([5], 10) == numbered_classes(range(9), 10)[5:6]).all())
        True
    """
    # The third number keeps them apart from the latents of the same picture.
    return np.array([np.random.default_rng((seed, n, 1)).integers(max(num_classes, 1)) for n in numbers], np.int64)


def _first_latents(count, latent_dim):
    return numbered_latents(range(count), latent_dim)


def _draw(spec, num, seed, truncation):
    """(latents, picture numbers, truncation) of checked arguments of `generate`."""
    num = checks.check_integer("num", num, next_step="Ask for at least one picture with --num.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with --seed.")
    truncation = check_truncation(spec.truncation if truncation is None else truncation)
    return numbered_latents(range(num), spec.latent_dim, seed, truncation), range(num), truncation


def _load_keras(path):
    import keras

    tables.register_classes()
    try:
        return keras.models.load_model(path)
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise checks.file_error("source", "a readable .keras file", path, f"Keras says: {reason}") from error
