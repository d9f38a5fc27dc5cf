"""A list of Pillow images -> `ImageSet`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.data import cache, decode
from keras_transfer_gen.data.image_set import ImageSet, Original, Skipped

if TYPE_CHECKING:
    from PIL import Image

    from keras_transfer_gen.aliases import PathLike, Progress
    from keras_transfer_gen.data.decode import Frame


def read_pillow_images(
    images: Sequence[Image.Image], frame: Frame, cache_dir: PathLike | None = None, progress: Progress | None = None
) -> ImageSet:
    """`ImageSet` of Pillow images in their order; what can't be used is in its `skipped`, under its number.

    Args:
        images: list of `PIL.Image.Image` of any mode and size, loaded or not.
        frame: `decode.Frame`.
        cache_dir: folder of the decoded images, used only where they are too many for memory.
        progress: function `(done, total) -> None`, called after each image.

    Example:
        >>> from PIL import Image
        >>> read_pillow_images([Image.new("RGB", (80, 40), "red")], decode.Frame(32)).images[0, 0, 0].tolist()
        [255, 0, 0]
    """

    def produce(write: Callable[[np.ndarray], Any]) -> dict[str, Any]:
        notes = {"names": [], "originals": [], "skipped": []}
        for number, image in enumerate(images):
            name = f"{number:05d}"
            try:
                fitted, original = decode.decode_pillow(image, frame)
            except decode.UnusableError as reason:
                notes["skipped"].append([name, str(reason)])
            else:
                write(fitted)
                notes["names"].append(name)
                notes["originals"].append([original.format, original.mode, original.width, original.height])
            if progress:
                progress(number + 1, len(images))
        return notes

    fitted, digest, notes = cache.cached_records(None, frame.shape, produce, cache_dir)
    return ImageSet(
        images=fitted,
        labels=None,
        class_names=[],
        names=notes["names"],
        groups=np.zeros(len(fitted), np.int32),
        digest=digest,
        skipped=[Skipped(*item) for item in notes["skipped"]],
        originals=[Original(*item) for item in notes["originals"]],
    )
