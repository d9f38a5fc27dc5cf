import numpy as np

from keras_transfer_gen.metrics.token_runs import longest_runs


def test_it_is_the_longest_run_of_any_known_grid():
    rng = np.random.default_rng(0)
    tokens, known = rng.integers(0, 3, (20, 3, 4)), rng.integers(0, 3, (7, 3, 4))
    expected = []
    for grid in tokens.reshape(20, -1):
        runs = [
            "".join("=" if a == b else " " for a, b in zip(grid, other, strict=True)) for other in known.reshape(7, -1)
        ]
        expected.append(max(len(part) for run in runs for part in run.split(" ")))
    assert longest_runs(tokens, known).tolist() == expected
    assert longest_runs(known, known).tolist() == [12] * 7
    assert longest_runs(tokens + 5, known).tolist() == [0] * 20
