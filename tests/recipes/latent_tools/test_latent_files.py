import types

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_files import read_arrays, write_arrays


def test_arrays_are_kept_with_their_space(tmp_path):
    write_arrays(tmp_path / "a.npz", types.SimpleNamespace(name="w"), latents=np.ones((1, 2)))
    arrays = read_arrays(tmp_path / "a.npz", "latents", "latents")
    assert arrays["space"] == "w" and arrays["latents"].tolist() == [[1.0, 1.0]]
    with pytest.raises(checks.UserFileError, match="directions and space.*`ktg directions` writes one"):
        read_arrays(tmp_path / "a.npz", "directions", "directions")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    np.save(tmp_path / "one.npy", np.ones(3))
    for name in ("text.npz", "one.npy", "missing.npz"):
        with pytest.raises(checks.UserFileError, match="can't be read"):
            read_arrays(tmp_path / name, "latents", "latents")
