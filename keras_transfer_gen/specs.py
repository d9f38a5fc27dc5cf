"""What must be known of a generator to use it; saved with every model. Standard library alone."""

import dataclasses
from pathlib import Path

from keras_transfer_gen import checks, files


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """Facts about a generator that its weights don't tell.

    Args:
        image_size: side of the square images, in pixels.
        channels: 1 (grey) or 3 (RGB).
        latent_dim: length of a latent vector.
        distribution: of the latents, one of `DISTRIBUTIONS`; "normal" is N(0, 1) in every entry. See
            `latent_distributions.transform_normals`.
        num_classes: 0 for an unconditional generator.
        truncation: factor on the latents that `generate` uses by default, in (0, 1].
        pixel_range: lowest and highest value of the generator's float output.
        arch: the builder's name, such as "dcgan".
        source: where the weights come from, in words.
        licence: the terms of the weights and of whatever is derived from them, in words; every fine-tune keeps it.
        family: "gan" or "vae": the kind of networks that the generator was trained with.

    Example:
        >>> ModelSpec(image_size=64, channels=3, latent_dim=128).distribution
        'normal'
    """

    image_size: int
    channels: int
    latent_dim: int
    distribution: str = "normal"
    num_classes: int = 0
    truncation: float = 1.0
    pixel_range: tuple = (-1.0, 1.0)
    arch: str = ""
    source: str = ""
    licence: str = ""
    family: str = "gan"

    def __post_init__(self):
        checks.check_integer("image_size", self.image_size)
        checks.check_integer("channels", self.channels)
        checks.check_integer("latent_dim", self.latent_dim)
        checks.check_integer("num_classes", self.num_classes, least=0)
        checks.check_choice("distribution", self.distribution, DISTRIBUTIONS)
        checks.check_choice("family", self.family, FAMILIES)
        check_truncation(self.truncation)
        object.__setattr__(self, "pixel_range", tuple(float(bound) for bound in self.pixel_range))

    def to_dict(self):
        """A JSON-ready dict of every field."""
        return {**dataclasses.asdict(self), "pixel_range": list(self.pixel_range)}

    @classmethod
    def from_dict(cls, fields):
        """The spec of a dict of `to_dict`; a `UserError` for an unknown or missing field."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        for name in fields:
            checks.check_choice("spec field", name, known)
        required = [name for name, field in known.items() if field.default is dataclasses.MISSING]
        missing = [name for name in required if name not in fields]
        if missing:
            step = f"Add {', '.join(missing)}."
            raise checks.user_error("spec", "a dict with " + ", ".join(required), sorted(fields), step)
        return cls(**fields)

    def save(self, path):
        """Writes the spec as JSON."""
        files.write_json(path, self.to_dict())

    @classmethod
    def load(cls, path):
        """Reads a spec that `save` wrote; a `UserFileError` or `UserError` where it can't be used."""
        fields = files.read_json(path)
        if not isinstance(fields, dict):
            raise checks.file_error("spec", "a JSON object", path)
        return cls.from_dict(fields)


DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "sphere")
FAMILIES = ("gan", "vae")
MODEL_FILES = tuple(f"{family}.keras" for family in FAMILIES)  # in a checkpoint or the folder of a preset


def find_model(folder):
    """The `.keras` file in a checkpoint or in the folder of a preset: a `pathlib.Path`, or None."""
    return next((path for name in MODEL_FILES if (path := Path(folder) / name).is_file()), None)


def check_truncation(value):
    """Returns `value` as float in (0, 1], or raises a `UserError`."""
    value = checks.check_number("truncation", value, above=True, next_step="1.0 (--truncation 1.0) changes nothing.")
    if value > 1:
        raise checks.user_error("truncation", "at most 1", value, "1.0 (--truncation 1.0) changes nothing.")
    return value
