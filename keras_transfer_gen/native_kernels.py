"""Which instructions the processor has, and oneDNN, which TensorFlow leaves off on some. Standard library alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow reads it once, while it is loaded
CPUINFO = Path("/proc/cpuinfo")


def has_avx2_alone() -> bool:
    """Whether this is a Linux machine with AVX2 and without AVX-512 (bool)."""
    if not CPUINFO.is_file():
        return False
    flags = CPUINFO.read_text(encoding="utf-8", errors="replace")
    return "avx2" in flags and "avx512f" not in flags


def prefer_onednn() -> bool:
    """Lets TensorFlow use oneDNN on a processor for which it is off by default; call it before TensorFlow is loaded.

    Returns:
        bool, whether it was set here: not where TensorFlow is loaded already, the environment says 0 or 1, or the
        processor has AVX-512, with which oneDNN is on by default.
    """
    if ONEDNN in os.environ or "tensorflow" in sys.modules or not has_avx2_alone():
        return False
    os.environ[ONEDNN] = "1"
    return True


def uses_onednn() -> bool:
    """Whether TensorFlow was told to compute by oneDNN, as `ktg` tells it on such a processor (bool)."""
    return os.environ.get(ONEDNN) == "1"
