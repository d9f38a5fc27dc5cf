"""How a large StyleGAN2 pickle is read (seconds, memory), and what becomes of thousands of damaged files.

Example:
    .venv/bin/python benchmarks/stylegan2_files.py --megabytes 300 --mutations 10000
"""

import argparse
import io
import json
import os
import pickle
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "stylegan2_files"
MAGIC = 0x1950A86A20F9469CFC6C
SIDES = (4, 8, 16, 32, 64, 128, 256)
W = 512


def lend(module, name):
    """A function that pickles name `module.name`; the module stands in this process alone."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:count]), types.ModuleType(".".join(parts[:count])))
    function = vars(sys.modules[module]).get(name)
    if function is None:
        function = types.FunctionType((lambda *arguments: None).__code__, {}, name)
        function.__module__, function.__qualname__ = module, name
        setattr(sys.modules[module], name, function)
    return function


class Called:
    """Stands for the result of a call, as a pickle writes it."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class StoragePickler(pickle.Pickler):
    """Writes a storage as PyTorch does: by reference."""

    def persistent_id(self, value):
        return value if isinstance(value, tuple) and value[:1] == ("storage",) else None


def stream_of(array, kind):
    """The bytes of a storage in PyTorch's older format."""
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True}))
    stream = io.BytesIO()
    StoragePickler(stream, 2).dump(("storage", kind, "0", "cpu", array.size, None))
    return head + stream.getvalue() + pickle.dumps(["0"], 2) + struct.pack("<q", array.size) + array.tobytes()


def shapes_of_networks(base):
    """dict of "G" and "D" -> dict of official name -> shape, of networks of 256 pixels."""
    widths = {side: min(base // side, W) for side in SIDES}
    generator = {"mapping.w_avg": (W,), "synthesis.b4.const": (widths[4], 4, 4)}
    for number in range(8):
        generator |= {f"mapping.fc{number}.weight": (W, W), f"mapping.fc{number}.bias": (W,)}
    discriminator = {f"b{SIDES[-1]}.fromrgb.weight": (widths[SIDES[-1]], 3, 1, 1)}
    discriminator[f"b{SIDES[-1]}.fromrgb.bias"] = (widths[SIDES[-1]],)
    for side in SIDES:
        own, before = widths[side], widths[max(side // 2, 4)]
        layers = {"conv1": (own, own), "torgb": (3, own)} | ({"conv0": (own, before)} if side > 4 else {})
        for layer, (outputs, inputs) in layers.items():
            path, size = f"synthesis.b{side}.{layer}", 1 if layer == "torgb" else 3
            generator |= {f"{path}.weight": (outputs, inputs, size, size), f"{path}.bias": (outputs,)}
            generator |= {f"{path}.affine.weight": (inputs, W), f"{path}.affine.bias": (inputs,)}
            if size == 3:
                generator |= {f"{path}.noise_const": (side, side), f"{path}.noise_strength": ()}
        if side > 4:
            discriminator |= {f"b{side}.conv0.weight": (own, own, 3, 3), f"b{side}.conv0.bias": (own,)}
            discriminator |= {f"b{side}.conv1.weight": (before, own, 3, 3), f"b{side}.conv1.bias": (before,)}
            discriminator[f"b{side}.skip.weight"] = (before, own, 1, 1)
    last = widths[4]
    discriminator |= {"b4.conv.weight": (last, last + 1, 3, 3), "b4.conv.bias": (last,), "b4.fc.bias": (last,)}
    discriminator |= {"b4.fc.weight": (last, 16 * last), "b4.out.weight": (1, last), "b4.out.bias": (1,)}
    return {"G": generator, "D": discriminator}


def module_of(shapes, class_name, rng):
    """A record of a network, its modules in each other as the names say."""
    persistent = lend("torch_utils.persistence", "_reconstruct_persistent_obj")
    rebuild, parameter = lend("torch._utils", "_rebuild_tensor_v2"), lend("torch._utils", "_rebuild_parameter")
    load, kind = lend("torch.storage", "_load_from_bytes"), lend("torch", "FloatStorage")

    def tensor(shape):
        array = rng.standard_normal(shape, np.float32)
        strides = tuple(step // 4 for step in array.strides)
        storage = Called(load, stream_of(array, kind))
        return Called(parameter, Called(rebuild, storage, 0, tuple(shape), strides, False, {}), True, {})

    def module(prefix, name):
        inside = {path[len(prefix) :] for path in shapes if path.startswith(prefix)}
        own = {path: tensor(shapes[prefix + path]) for path in sorted(inside) if "." not in path}
        parts = sorted({path.split(".")[0] for path in inside if "." in path})
        state = {
            "_parameters": own,
            "_buffers": {},
            "_modules": {part: module(f"{prefix}{part}.", part) for part in parts},
        }
        record = {"type": "class", "version": 6, "module_src": "", "class_name": name, "state": state}
        return Called(persistent, record)

    return module("", class_name)


def write_pickle(path, megabytes):
    """Writes G, D and G_ema of 256 pixels with random numbers: about 294 MB, or fewer where narrower."""
    shapes, rng = shapes_of_networks(16384 if megabytes >= 200 else 1024), np.random.default_rng(0)
    networks = {key: module_of(shapes[key[0]], key, rng) for key in ("G", "D", "G_ema")}
    with open(path, "wb") as stream:
        pickle.dump({**networks, "training_set_kwargs": None, "augment_pipe": None}, stream, 4)


MEASURE = """
import json, resource, sys, time
import {module}
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
{code}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.monotonic() - start, (after - before) * 1024 / 1e6]))
"""
USES = {
    "inspect": ("keras_transfer_gen.recipes.models.inspect_model", "keras_transfer_gen.recipes.models.inspect_model."
                "inspect_network_file(keras_transfer_gen.recipes.models.resolve.resolve_model(sys.argv[1]))"),
    "load": ("keras_transfer_gen.recipes.models.network_files", "model, report = keras_transfer_gen.recipes.models."
             "network_files.open_network_file(sys.argv[1], 'benchmark')"),
    "load_gan": ("keras_transfer_gen.recipes.models.load",
                 "gan = keras_transfer_gen.recipes.models.load.load_gan(sys.argv[1])"),
}  # fmt: skip


def measure(path):
    """dict of use -> (seconds, megabytes above those of the imports), each in a process of its own."""
    rows = {}
    for name, (module, code) in USES.items():
        program = MEASURE.format(module=module, code=code)
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
        rows[name] = json.loads(done.stdout.splitlines()[-1])
    return rows


def fuzz(mutations):
    """dict of outcome -> count, of damaged copies of the fixtures; anything but a `UserError` ends the script."""
    from keras_transfer_gen.checks import UserError
    from keras_transfer_gen.transfer.pickles.read_file import read_network_file

    rng, counts, longest = random.Random(1), {"read": 0, "refused": 0}, 0.0
    contents = [path.read_bytes() for path in sorted(FIXTURES.glob("*.p*t*")) + sorted(FIXTURES.glob("*.pkl"))]
    modules = set(sys.modules)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = Path(folder, "mutated.pkl")
        for number in range(mutations):
            content = bytearray(contents[number % len(contents)])
            for _ in range(rng.choice((1, 2, 8, 64))):
                content[rng.randrange(len(content))] = rng.randrange(256)
            if rng.random() < 0.3:
                first, last = sorted(rng.randrange(len(content)) for _ in range(2))
                del content[first:last]
            path.write_bytes(content)
            start = time.monotonic()
            try:
                read_network_file(path)
                counts["read"] += 1
            except UserError:
                counts["refused"] += 1
            longest = max(longest, time.monotonic() - start)
        counts["files written"] = len(os.listdir(folder)) - 1
        os.chdir(ROOT)
    counts["modules imported"] = sorted(set(sys.modules) - modules - {"pickletools"})
    counts["longest, seconds"] = round(longest, 3)
    counts["memory, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return counts


def main():
    """Runs both parts and prints their figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=300, help="size of the pickle: from 200 on that of 256 px")
    parser.add_argument("--mutations", type=int, default=10_000, help="damaged files")
    arguments = parser.parse_args()
    results = {}
    if arguments.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "large.pkl")
            write_pickle(path, arguments.megabytes)
            results = {"file, MB": round(path.stat().st_size / 1e6, 1), **measure(path)}
    if arguments.mutations:
        results["damaged files"] = fuzz(arguments.mutations)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
