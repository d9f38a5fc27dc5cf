"""`ktg data prepare`: images in one size, without near-identical ones, with a reference put aside."""

from typing import Annotated

import typer

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import guarded

CROP_HELP = "What of each image is kept: center | pad | faces | subject. The last two need the extra prepare."
SPLIT_BY_HELP = "What stays on one side: alike (images that look alike) | folders (each sub-folder)."


@guarded
def prepare(
    source: Annotated[str, typer.Argument(metavar="DIR", help="Folder of images; it is only read.")],
    *,
    out: Annotated[str, typer.Option("--out", help="Folder to write: train, reference, preview.png, prepare.json.")],
    split: Annotated[
        float, typer.Option("--split", help="Share of the images to put aside for the reference, such as 0.2.")
    ] = 0.0,
    split_by: Annotated[str, typer.Option("--split-by", help=SPLIT_BY_HELP)] = "alike",
    image_size: Annotated[int, typer.Option("--image-size", help="Side of the images to write, in pixels.")] = 64,
    channels: Annotated[int, typer.Option("--channels", help="1 (grey) or 3 (RGB).")] = 3,
    crop: Annotated[str, typer.Option("--crop", help=CROP_HELP)] = "center",
    remove_background: Annotated[
        bool, typer.Option("--remove-background", help="Paint the background over. Needs the extra prepare.")
    ] = False,
    background: Annotated[
        str, typer.Option("--background", help="Colour of what is transparent, padded or removed.")
    ] = "white",
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep images that are nearly the same.")
    ] = False,
    augment: Annotated[
        str, typer.Option("--augment", help="Augmentation on the preview sheet, as of the training.")
    ] = "diffaugment",
    seed: Annotated[int, typer.Option("--seed", help="Of the split and the preview.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result in --out.")] = False,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Prepare images: crop, resize by area, leave near-identical ones out, put a reference aside, draw a preview."""
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json
    from keras_transfer_gen.recipes.inputs.prepare import PrepareOptions, prepare_images

    options = PrepareOptions(
        split=split, split_by=split_by, image_size=image_size, channels=channels, crop=crop,
        remove_background=remove_background, background=background, keep_duplicates=keep_duplicates, augment=augment,
        seed=seed,
    )  # fmt: skip
    with ConsoleReporter() as reporter:
        prepared = prepare_images(source, out, options, overwrite, reporter)
    print_json(prepared.to_dict()) if json else print("\n".join(prepared.lines()))
