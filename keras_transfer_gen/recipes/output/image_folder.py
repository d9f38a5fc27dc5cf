"""Writes images as numbered PNG files, a whole folder or nothing."""

from keras_transfer_gen import files, pixels
from keras_transfer_gen.recipes.output.folder_checks import MARK, check_folder, count_images, file_name
from keras_transfer_gen.recipes.output.sheet_file import add_mark
from keras_transfer_gen.recipes.report.reporter import SILENT


def generate_folder(model, num, out, seed=0, truncation=None, reporter=SILENT, label=None):
    """Generates images and writes them to `out/00000.png`, ...; image i depends on `seed` and i alone.

    Args:
        model: `GAN` or anything with `generate(num, seed, truncation)`, and `label` where it takes classes.
        num: number of images.
        out: a new or empty folder, or one that an earlier call wrote, which is replaced whole.
        seed: non-negative integer.
        truncation: factor on the latents in (0, 1]; the model's own by default.
        reporter: `Reporter`; shows the progress and how many earlier images were replaced.
        label: class of all images, its name or number; None draws one for each where the model takes classes.

    Returns:
        uint8 `[num, H, W, C]`, the images.

    Raises:
        UserError, UserFileError: where `out` holds other files, or an argument is out of range.
    """
    check_folder(out)
    label_argument = {} if label is None else {"label": model.spec.class_number(label)}
    images = model.generate(num, seed=seed, truncation=truncation, **label_argument)
    write_folder(images, out, {"seed": seed, "truncation": truncation, **label_argument}, reporter)
    return images


def write_folder(images, out, notes=None, reporter=SILENT):
    """Writes images to `out/00000.png`, ..., all or none.

    Args:
        images: uint8 `[N, H, W, C]`.
        out: a new or empty folder, or one that an earlier call wrote, which is replaced whole.
        notes: JSON-ready dict of how they were generated; kept in a hidden file in the folder.
        reporter: `Reporter`; shows the progress and how many earlier images were replaced.

    Raises:
        UserError, UserFileError: where `out` holds other files.
    """
    out = check_folder(out)
    replaced = count_images(out)
    tick = reporter.counter("images written")
    with files.atomic_path(out) as partial:
        partial.mkdir()
        for number, image in enumerate(images):
            (partial / file_name(number)).write_bytes(pixels.to_png(image))
            tick(number + 1, len(images))
        files.write_json(partial / MARK, {"num": len(images), **(notes or {})})
    if replaced:
        reporter.say(f"replaced {replaced} earlier images in {out}")


def write_grid(path, images, most=64):
    """Writes a contact sheet of the first images to a PNG file."""
    write_png(path, pixels.to_grid(images[:most]))


def write_png(path, image):
    """Writes one image, uint8 `[H, W, C]`, to a PNG file with the mark of this package."""
    files.write_bytes(path, add_mark(pixels.to_png(image)))
