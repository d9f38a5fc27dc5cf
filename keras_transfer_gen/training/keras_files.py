"""Which files Keras may write of a model: a `.keras` file keeps all of it, the older formats do not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


SUFFIX = ".keras"


def check_path(path: PathLike, zipped: bool | None, name: str) -> Any:
    """Raises a `UserError` for a path at which `keras.Model.save` would leave a broken file.

    Args:
        path: where the model is to be saved; str or `pathlib.Path`.
        zipped: Keras' argument; False writes a folder of any name.
        name: what the examples call the model, such as "gan".
    """
    path = os.fspath(path)
    if path.endswith(SUFFIX) or path.startswith("hf://") or zipped is False:
        return
    hint = (
        f'Such as {name}.save("{name}.keras"). {name}.save_weights("{name}.weights.h5") writes the weights alone; '
        "export_saved_model and export_tflite write other formats."
    )
    raise checks.user_error("filepath", 'a path that ends in ".keras"', path, hint)
