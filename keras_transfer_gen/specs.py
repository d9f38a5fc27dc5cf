"""What must be known of a generator to use it; saved with every model. Standard library alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


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
        family: "gan", "vae" or "vq": the kind of networks that the generator was trained with.
        class_names: names of the classes in the order of their numbers, all different; empty where they have no names.
            It becomes a list, and gives `num_classes` where that is 0.
        class_shares: how often each class is drawn where none is asked for, a list of shares that add up to 1: as often
            as the training showed it. Empty: all are equally likely.

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
    pixel_range: tuple[float, ...] = (-1.0, 1.0)
    arch: str = ""
    source: str = ""
    licence: str = ""
    family: str = "gan"
    class_names: Sequence[str] = dataclasses.field(default=(), hash=False)
    class_shares: Sequence[float] = dataclasses.field(default=(), hash=False)

    def __post_init__(self) -> None:
        checks.check_integer("image_size", self.image_size)
        checks.check_integer("channels", self.channels)
        checks.check_integer("latent_dim", self.latent_dim)
        checks.check_integer("num_classes", self.num_classes, least=0)
        checks.check_choice("distribution", self.distribution, DISTRIBUTIONS)
        checks.check_choice("family", self.family, FAMILIES)
        check_truncation(self.truncation)
        object.__setattr__(self, "pixel_range", tuple(float(bound) for bound in self.pixel_range))
        object.__setattr__(self, "class_names", check_class_names(self.class_names, self.num_classes))
        object.__setattr__(self, "num_classes", self.num_classes or len(self.class_names))
        object.__setattr__(self, "class_shares", check_class_shares(self.class_shares, self.num_classes))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of every field."""
        return {**dataclasses.asdict(self), "pixel_range": list(self.pixel_range)}

    def class_number(self, label: int | str | None) -> int | None:
        """The number of a class that images are wanted of.

        Args:
            label: name or number of the class; a text that is no name but a whole number counts as that. None where
                no class is wanted.

        Returns:
            int, or None for None.

        Raises:
            UserError: for a class that there is not, with the names most like it, or a model without classes.

        Example:
            >>> spec = ModelSpec(image_size=32, channels=3, latent_dim=8, class_names=["birds", "people"])
            >>> spec.class_number("people"), spec.class_number(0)
            (1, 0)
        """
        if label is None:
            return None
        if not self.num_classes:
            step = "It takes no labels. Leave out label= (--class)."
            raise checks.user_error("label", "left out for this model", label, step)
        number = label
        if isinstance(label, str):
            if label in self.class_names:
                return self.class_names.index(label)
            if not label.removeprefix("-").isdecimal():
                step = "Give the name or the number of a class with label= (--class)."
                if self.class_names:
                    checks.check_choice("label", label, self.class_names, step)
                expected = f"a number from 0 to {self.num_classes - 1}, as the classes of this model have no names"
                raise checks.user_error("label", expected, label, step)
            number = int(label)
        step = "Give it with label= (--class)."
        if self.num_classes == 1 and not self.class_names:
            step = "If it has more classes, say how many: labels=10 (--labels 10)."
        return checks.check_integer("label", number, least=0, most=self.num_classes - 1, next_step=step)

    @property
    def every_class_name(self) -> list[str]:
        """The names of all classes, or their numbers as text, in the order of the numbers: list of str."""
        return [self.class_name(number) for number in range(self.num_classes)]

    def class_name(self, number: int) -> str:
        """The name of a class: its own, or its number as text."""
        return self.class_names[number] if self.class_names else str(number)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ModelSpec:
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

    def save(self, path: PathLike) -> None:
        """Writes the spec as JSON."""
        files.write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: PathLike) -> ModelSpec:
        """Reads a spec that `save` wrote; a `UserFileError` or `UserError` where it can't be used."""
        fields = files.read_json(path)
        if not isinstance(fields, dict):
            raise checks.file_error("spec", "a JSON object", path)
        return cls.from_dict(fields)


DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "sphere")
FAMILIES = ("gan", "vae", "vq")
MODEL_FILES = tuple(f"{family}.keras" for family in FAMILIES)  # in a checkpoint or the folder of a preset


def find_model(folder: PathLike) -> Path | None:
    """The `.keras` file in a checkpoint or in the folder of a preset: a `pathlib.Path`, or None."""
    return next((path for name in MODEL_FILES if (path := Path(folder) / name).is_file()), None)


def check_class_names(names: Sequence[str], num_classes: int = 0) -> list[str]:
    """Returns names of classes as a list, or raises a `UserError`.

    Args:
        names: list or tuple of different texts that are not empty; may have no entry.
        num_classes: how many there must be, or 0 for any number.
    """
    names = list(names) if isinstance(names, (list, tuple)) else names
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise checks.user_error("class_names", "a list of texts that are not empty", names, 'Such as ["cats", "dogs"].')
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise checks.user_error("class_names", "different names", names, f"{twice!r} is there more than once.")
    if names and num_classes and len(names) != num_classes:
        step = "Give one name for each class, or leave num_classes= out."
        raise checks.user_error("class_names", f"{num_classes} names, as num_classes says", names, step)
    return names


def check_class_shares(shares: Iterable[float], num_classes: int) -> list[float]:
    """Returns shares of classes as a list of float, or raises a `UserError`.

    Args:
        shares: `num_classes` numbers of at least 0 that add up to 1; may have no entry.
        num_classes: of the model.
    """
    shares = [checks.check_number("class_shares", share) for share in shares]
    if shares and (len(shares) != num_classes or abs(sum(shares) - 1) > 1e-6):
        expected = f"{num_classes} numbers that add up to 1"
        raise checks.user_error("class_shares", expected, shares, "Leave it out to draw all classes equally often.")
    return shares


def check_truncation(value: Any) -> float:
    """Returns `value` as float in (0, 1], or raises a `UserError`."""
    value = checks.check_number("truncation", value, above=True, next_step="1.0 (--truncation 1.0) changes nothing.")
    if value > 1:
        raise checks.user_error("truncation", "at most 1", value, "1.0 (--truncation 1.0) changes nothing.")
    return value
