import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.network_file import Network, NetworkFile, NetworkWeights, entries
from keras_transfer_gen.transfer.pickles.records import Call


def test_records_of_dicts_are_dicts():
    assert entries(None) == {} and entries({"a": 1}) == {"a": 1}
    ordered = Call("collections.OrderedDict", ([("a", 1), [2, 3]],), {"_metadata": 4}, {"b": 5})
    assert entries(ordered) == {"a": 1, "b": 5}
    assert entries(Call("argparse.Namespace", (), {"size": 16})) == {"size": 16}
    for other in (7, [], Call("torch.FloatStorage", ())):
        with pytest.raises(RefusedPickle, match="no dict where one belongs"):
            entries(other)


def test_arrays_are_found_with_and_without_the_name_of_the_network():
    parts = {key: Network({"mapping.w": np.full(2, number), f"only_{key}": number})
             for number, key in enumerate(("G_ema", "G", "D"))}  # fmt: skip
    weights = NetworkWeights.of(NetworkFile("a test", parts))
    assert list(weights)[:2] == ["G_ema.mapping.w", "G_ema.only_G_ema"] and len(weights) == 6
    assert weights["mapping.w"][0] == 0 and weights["D.mapping.w"][0] == 2 and weights["only_D"] == 2
    assert "only_G" in weights and weights.get("only_G") == 1 and weights.get("none") is None and "none" not in weights
    with pytest.raises(KeyError):
        weights["none"]
