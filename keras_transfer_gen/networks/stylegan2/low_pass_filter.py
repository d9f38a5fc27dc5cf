"""The low-pass filter of StyleGAN2, as numbers; no TensorFlow, so that files are described without it."""

import numpy as np

TAPS = np.array([1, 3, 3, 1], np.float32) / 8
FILTER = np.outer(TAPS, TAPS)  # [4, 4], its sum is 1
