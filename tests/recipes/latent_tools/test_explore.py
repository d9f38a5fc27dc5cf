import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.explore import explore, propose
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space


def test_proposals_are_normal_and_like_what_was_liked():
    liked = np.random.default_rng(0).normal(size=(3, 400)).astype(np.float32)
    new = propose(liked, 200, 0.75, 1)
    assert new.std() == pytest.approx(1.0, abs=0.06)
    cosines = new @ liked.T / np.linalg.norm(new, axis=1)[:, None] / np.linalg.norm(liked, axis=1)
    assert np.sqrt((cosines**2).sum(1)).mean() == pytest.approx(np.sqrt(0.75), abs=0.05)
    assert set(cosines.argmax(1)) == {0, 1, 2}  # each of them leads to some
    np.testing.assert_array_equal(new, propose(liked, 200, 0.75, 1))
    assert (propose(liked, 200, 0.75, 2) != new).any()
    alone = propose(liked[:1], 4, 1.0, 0)
    np.testing.assert_allclose(alone, np.repeat(liked[:1], 4, 0), rtol=1e-5)


def test_search_goes_on_from_its_file(source_file, tmp_path):
    out = tmp_path / "search.npz"
    first = explore(source_file, out, num=6, seed=2)
    space = open_space(source_file)
    np.testing.assert_array_equal(first.latents, space.draw(range(6), 2))
    sheet = (tmp_path / "search.png").read_bytes()
    second = explore(source_file, out, like="1,4", num=6)
    np.testing.assert_array_equal(second.liked, first.latents[[1, 4]])
    np.testing.assert_allclose(second.latents, propose(second.liked, 6, 0.5, (2, 1)), rtol=1e-6)
    assert (tmp_path / "search.png").read_bytes() != sheet
    third = explore(source_file, out, like="0", num=6)
    assert third.turn == 2 and len(third.liked) == 3
    np.testing.assert_allclose(third.latents, propose(third.liked, 6, 2 / 3, (2, 2)), rtol=1e-6)


def test_numbers_that_are_not_on_the_sheet_are_refused(source_file, tmp_path):
    with pytest.raises(checks.UserFileError, match="can't be read"):
        explore(source_file, tmp_path / "none.npz", like="0")
    explore(source_file, tmp_path / "s.npz", num=4)
    with pytest.raises(checks.UserError, match="`like` must be numbers from 0 to 3"):
        explore(source_file, tmp_path / "s.npz", like="4")
