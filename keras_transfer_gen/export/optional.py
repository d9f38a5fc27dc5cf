"""Packages that some formats need and the package itself does not: imported where they are used, or asked for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from keras_transfer_gen import checks


def require(extra: str, *names: str) -> Any:
    """Imports optional packages, or says how to install them.

    Args:
        extra: the extra of keras-transfer-gen that has them, such as "onnx".
        names: of the packages, as they are imported.

    Returns:
        tuple of modules.

    Raises:
        UserImportError: where one is missing.
    """
    missing = [name for name in names if importlib.util.find_spec(name.split(".")[0]) is None]
    if missing:
        raise checks.UserImportError(
            f"--format {extra} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed. Install with `pip install 'keras-transfer-gen[{extra}]'`."
        )
    return tuple(importlib.import_module(name) for name in names)
