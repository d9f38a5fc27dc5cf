"""PyTorch files for tests, written without PyTorch."""

import pickle
import sys
import types


def lend_torch_names(monkeypatch):
    """Puts modules in place of PyTorch's that have the names which its pickles refer to; returns `torch`."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    utils._rebuild_tensor_v2 = types.FunctionType((lambda *arguments: None).__code__, {}, "_rebuild_tensor_v2")
    utils._rebuild_tensor_v2.__module__ = "torch._utils"
    utils._rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    torch._utils = utils
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


class Storage:
    """Stands for a storage, which comes later in the file."""

    def __init__(self, key, size):
        self.key, self.size = key, size


class Tensor:
    """A tensor as PyTorch's pickles describe it: a call of `_rebuild_tensor_v2` with a storage."""

    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, {})

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class TorchPickler(pickle.Pickler):
    """Writes storages as PyTorch does: by reference."""

    def __init__(self, stream, *extra):
        super().__init__(stream, protocol=2)
        self.extra = extra  # what the format has after the size

    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", sys.modules["torch"].FloatStorage, value.key, "cpu", value.size, *self.extra)
        return None
