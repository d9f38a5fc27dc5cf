"""The settings that every run has, and those that both families' fine-tunes or both families' pretrainings share."""

from typing import Any, ClassVar

from keras_transfer_gen import checks, tables
from keras_transfer_gen.entry_text import parse_entry
from keras_transfer_gen.recipes.settings import defaults, fields
from keras_transfer_gen.recipes.settings import field_checks as check
from keras_transfer_gen.recipes.settings.fields import setting, settings_class
from keras_transfer_gen.transfer.fetching.address import HANDLE_FORMS

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
RESIZE_MODES = ("crop", "pad")


@settings_class
class RunSettings:
    """Settings of every training: of GANs and VAEs, adapted or trained from nothing."""

    family: ClassVar[str]  # "gan" or "vae"
    command: ClassVar[str]  # "finetune" or "pretrain"

    data: str = setting(
        help='Folder, zip, npz, npy or "tfds:NAME[split]" of the images to learn.',
        panel=fields.FIRST, order=0, check=check.path,
    )  # fmt: skip
    out: str = setting(
        help="RUN folder to write, or to continue.", panel=fields.FIRST, order=20, check=check.path
    )  # fmt: skip
    kimg: float = setting(
        defaults.KIMG, help="Thousands of real images to show in all.", panel=fields.FIRST, order=30,
        check=check.number("20", above=True),
    )  # fmt: skip
    reference: str | None = setting(
        None, help="Images to score against, of the same forms as `data`.", panel=fields.FIRST, order=50,
        by_default="the training images", check=check.path,
    )  # fmt: skip
    overwrite: bool = setting(
        False, help="Start again where an earlier run is in `out`, and remove what it wrote.", panel=fields.FIRST,
        order=80, old_names=("fresh",),
    )  # fmt: skip
    balance: float = setting(
        0.0, help="From 0 (every image is drawn equally often) to 1 (every sub-folder is).", panel=fields.DATA,
        check=check.number("0.5", most=1.0),
    )  # fmt: skip
    resize_mode: str = setting(
        "crop", help="What is done with images that are not square.", panel=fields.DATA,
        choices=lambda: RESIZE_MODES, check=check.choice(lambda: RESIZE_MODES), old_names=("image_fit",),
    )  # fmt: skip
    background: str = setting(
        "white", help="Colour under transparent images and beside padded ones: a name or #rrggbb.", panel=fields.DATA
    )
    cache_gb: float | None = setting(
        None, help="Of a folder: decode images while they are shown, and keep so many gigabytes of them on disk; the "
        "least recently used ones go. 0 keeps none.", panel=fields.DATA,
        by_default="all images are decoded once, of folders with 50,000 files or more those that are shown (20 GB)",
        check=check.number("20"),
    )  # fmt: skip
    regularizers: tuple = setting(
        (), help="A term that is added to the loss, with its arguments, such as l2sp:weight=0.01; repeatable.",
        panel=fields.OPTIMISATION, flag="--regularizer", choices=lambda: tables.REGULARIZERS,
        check=check.entries(tables.REGULARIZERS),
    )  # fmt: skip
    minutes: float | None = setting(
        None, help="Upper limit of the training time, in minutes.", panel=fields.OPTIMISATION, order=0,
        by_default="none", check=check.number("5", above=True),
    )  # fmt: skip
    batch_size: int = setting(
        defaults.BATCH_SIZE,
        help="Images in a step, over all devices.",
        panel=fields.OPTIMISATION,
        order=1,
        check=check.integer("32"),
    )
    micro_batch: int | None = setting(
        None, help="Images that pass the networks at once, a divisor of `batch_size`: less memory, the same update.",
        panel=fields.OPTIMISATION, order=1, by_default="the whole batch", check=check.integer("8"),
    )  # fmt: skip
    seed: int = setting(
        0, help="Everything random depends on this number, from 0 on.", panel=fields.OPTIMISATION, order=2,
        check=check.integer("0", least=0),
    )  # fmt: skip
    evaluate_every_kimg: float | None = setting(
        None, help="Kimg from one score on the way to the next.", panel=fields.SCORING, by_default="a fifth of `kimg`",
        flag="--evaluate-every", check=check.number("5", above=True),
    )  # fmt: skip
    tensorboard: bool = setting(
        False, help="Also write losses, scores, images and settings for TensorBoard, into `out`/tensorboard.",
        panel=fields.SCORING,
    )  # fmt: skip
    precision: str = setting(
        "auto", help="Arithmetic of the training; auto takes float32 or bfloat16, whichever is faster.",
        panel=fields.MACHINE, choices=lambda: PRECISIONS, check=check.choice(lambda: PRECISIONS),
    )  # fmt: skip
    devices: str = setting("auto", help='auto, or a comma-separated list such as "gpu:0,gpu:1".', panel=fields.MACHINE)
    deterministic: bool = setting(
        False, help="Ask TensorFlow for the same bits in every run; slower.", panel=fields.MACHINE
    )
    grace: float | None = setting(
        None,
        help="Seconds in which the process must have ended after SIGTERM, SIGUSR1 or SIGINT. What can't be saved in "
        "that time is lost, back to the last checkpoint.", panel=fields.MACHINE, by_default="as long as saving takes",
        check=check.number("30", above=True),
    )  # fmt: skip

    def __post_init__(self) -> None:
        fields.check_settings(self)
        if self.micro_batch is not None and self.batch_size % self.micro_batch:
            step = f"Each micro-batch has as many images: --batch-size is {self.batch_size}."
            raise checks.user_error("micro_batch", "a divisor of batch_size", self.micro_batch, step)

    @property
    def data_labels(self) -> Any:
        """Where the labels of the images come from, as `read_images` takes it; None for none."""
        return None

    def build_regularizers(self) -> list[Any]:
        """The regularizers that `regularizers` names, for `compile`: a new list of `protocols.Regularizer`."""
        return [tables.resolve("regularizers", text, tables.REGULARIZERS) for text in self.regularizers]


@settings_class
class SourceSettings:
    """Settings that every fine-tune has."""

    command: ClassVar[str] = "finetune"

    source: str = setting(
        help=f"Preset, RUN folder, .keras file or SavedModel to start from: a folder, a .tar.gz, {HANDLE_FORMS}.",
        panel=fields.FIRST, order=10, check=check.path,
    )  # fmt: skip
    compare_scratch: bool = setting(
        False, help="Also train from scratch for the same kimg, and compare.", panel=fields.FIRST, order=60
    )
    trust: bool = setting(
        False, help="Fetch and run a model from the web. A SavedModel is a program: you vouch for it.",
        panel=fields.SOURCE,
    )  # fmt: skip


@settings_class
class NetworkSettings:
    """Settings of the networks that are trained from nothing."""

    command: ClassVar[str] = "pretrain"

    image_size: int = setting(
        64, help="Side of the images, in pixels; of a stylegan2 8 to 1024.", panel=fields.FIRST, order=40,
        choices=lambda: checks.IMAGE_SIZES, check=check.integer("64"),
    )  # fmt: skip
    channels: int = setting(
        3, help="1 (grey) or 3 (RGB).", panel=fields.FIRST, order=41, check=check.integer("3")
    )  # fmt: skip
    arch: str = setting(
        help="Architecture of the networks, with its own options after a colon, such as dcgan:group_size=4.",
        panel=fields.NETWORK, order=0,
    )  # fmt: skip
    latent_dim: int | None = setting(
        None, help="Length of a latent vector.", panel=fields.NETWORK, check=check.integer("128")
    )  # fmt: skip
    max_channels: int = setting(
        256, help="Channels of the smallest feature map.", panel=fields.NETWORK, check=check.integer("256"),
        old_names=("width",),
    )  # fmt: skip
    min_channels: int = setting(
        32, help="Channels that every feature map has at least.", panel=fields.NETWORK, check=check.integer("32"),
        old_names=("least_width",),
    )  # fmt: skip
    licence: str = setting(
        "", help="Terms of the images, for the model card.", panel=fields.DATA, by_default="none stated"
    )

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]  # `RunSettings` comes after it
        name, entry, _ = self.architecture()
        checks.check_choice("image_size", self.image_size, entry.image_sizes, "Set it with --image-size.")
        checks.check_choice("channels", self.channels, entry.channels, "Set it with --channels.")
        if self.latent_dim is None:
            object.__setattr__(self, "latent_dim", entry.latent_dim)
        options = {option.name for option in entry.options}
        for setting_name in ("max_channels", "min_channels"):
            value = getattr(self, setting_name)
            if setting_name not in options and value != getattr(type(self), setting_name):
                hint = f"This architecture has no such option. Leave {fields.flag_of(setting_name)} out."
                raise checks.user_error(setting_name, f"left out for the architecture {name!r}", value, hint)

    def architecture(self) -> tuple[str, Any, dict[str, Any]]:
        """The architecture that `arch` names.

        Returns:
            (name, `architectures.Architecture`, dict of its options): what `arch` says of an option goes before the
            setting of the same name.

        Raises:
            UserError: for an unknown name, and for an option that it does not have or of another type.
        """
        name, own_options = parse_entry(self.arch, "arch")
        checks.check_choice("arch", name, tables.architectures(self.family), "Set it with --arch.")  # type: ignore[attr-defined]
        _, entry, _ = tables.resolve_architecture(self.arch, self.family)  # type: ignore[attr-defined]
        return name, entry, {**entry.options_in(self), **own_options}
