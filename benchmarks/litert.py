"""Size, latency, memory and quality of the TFLite files of a model, beside its SavedModel.

    python benchmarks/litert.py [--models noto_gan_64] [--runs 50] [--images 64] [--out benchmarks/results/litert]

For each model and each `--quantize`: the size of the file, the latency of one image (median and 95th percentile, one
and two threads), the growth of memory while it runs, and PSNR, SSIM and KID against the images of Keras. Each timing is
a process of its own, one at a time. The change of KID is that of the file minus that of the Keras model, both
to other images of the Keras model. Run it on a quiet machine.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # result_tables, also where this file is imported

from result_tables import markdown  # noqa: E402

KINDS = ("none", "float16", "dynamic", "int8", "int16x8")
THREADS = (1, 2)
WARM_UP = 5  # calls that are not timed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["noto_gan_64"], help="presets, RUN folders or files")
    parser.add_argument("--runs", type=int, default=50, help="timed calls of each kind and number of threads")
    parser.add_argument("--images", type=int, default=64, help="images for PSNR, SSIM and KID")
    parser.add_argument("--out", type=Path, help="folder for results.json and table.md")
    parser.add_argument("--time", nargs=3, metavar=("PATH", "THREADS", "RUNS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.time:
        path, threads, runs = options.time
        print(json.dumps(time_file(path, int(threads), int(runs))))
        return
    rows = [row for model in options.models for row in measure_model(model, options.runs, options.images)]
    result = {
        "date": datetime.date.today().isoformat(), "machine": machine(),
        "load": round(os.getloadavg()[1], 1), "runs": options.runs, "images": options.images,
        "command": "python benchmarks/litert.py " + " ".join(sys.argv[1:]), "rows": rows,
    }  # fmt: skip
    print(table(result))
    if options.out:
        from keras_transfer_gen import files

        files.write_json(options.out / "results.json", result)
        files.write_text(options.out / "table.md", table(result) + "\n")


def measure_model(model, runs, count):
    """Rows of the table of one model: dicts."""
    from keras_transfer_gen.export.run_tflite import run_tflite
    from keras_transfer_gen.export.saved_model import write_saved_model
    from keras_transfer_gen.export.tflite import write_tflite
    from keras_transfer_gen.export.tflite_metadata import read_tflite_metadata
    from keras_transfer_gen.recipes.models.export import load_exported, servable_of
    from keras_transfer_gen.training.latents import numbered_labels, numbered_latents

    servable, rows = servable_of(load_exported(model)), []
    spec = servable.spec
    numbers = range(2 * count)
    latents = numbered_latents(numbers, spec.latent_dim, 0, 1.0, spec.distribution)
    labels = numbered_labels(numbers, spec.num_classes, 0).astype("int32") if spec.num_classes else None
    inputs = [latents] if labels is None else [latents, labels]
    images = servable.functions["serve"].compute(*inputs)["images"].numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = write_saved_model(servable, Path(folder) / "1")
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        rows.append({"model": str(model), "kind": "SavedModel", "bytes": size, **timings(path, runs)})
        for kind in KINDS:
            file = write_tflite(servable, Path(folder) / f"{kind}.tflite", quantize=kind)
            again = run_tflite(file, latents[:count], None if labels is None else labels[:count])
            rows.append({
                "model": str(model), "kind": f"TFLite {kind}", "bytes": file.stat().st_size,
                "float_layers": read_tflite_metadata(file)["float_layers"],
                **quality(images[:count], again, images[count:]), **timings(file, runs),
            })  # fmt: skip
    return rows


def quality(expected, actual, others):
    """PSNR in dB, SSIM, and the change of KID x 1000 against `others`; images `[N, S, S, C]` in [-1, 1]."""
    import tensorflow as tf

    from keras_transfer_gen import pixels
    from keras_transfer_gen.export.parity import fidelity
    from keras_transfer_gen.metrics.features import extract_features
    from keras_transfer_gen.metrics.kid import kid

    levels = [pixels.to_uint8(images) for images in (expected, actual, others)]
    keras_features, file_features, reference = (extract_features(pixels.to_rgb(images)) for images in levels)
    return {
        "psnr": fidelity({"images": expected}, {"images": actual}),
        "ssim": float(tf.reduce_mean(tf.image.ssim(levels[0], levels[1], 255))),
        "kid_change": 1000 * float(kid(reference, file_features) - kid(reference, keras_features)),
    }


def timings(path, runs):
    """Latencies in ms and memory in MB, for each number of threads, measured in other processes."""
    values = {}
    for threads in THREADS:
        command = [sys.executable, __file__, "--time", str(path), str(threads), str(runs)]
        environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        values |= {f"{key}_{threads}": value for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
    return values


def time_file(path, threads, runs):
    """{"p50", "p95": ms of one image, "memory": MB by which the process grew} of a TFLite file or a SavedModel."""
    run = saved_model_caller if os.path.isdir(path) else tflite_caller
    call, begin = run(path, threads)
    for _ in range(WARM_UP):
        call()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    p95 = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    return {"p50": 1000 * seconds[len(seconds) // 2], "p95": 1000 * p95, "memory": _status("VmHWM") - begin}


def tflite_caller(path, threads):
    """(function without arguments that generates one image, MB of the process before the model was loaded)."""
    import warnings

    import numpy as np

    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite.python.interpreter import Interpreter
    begin = count_memory()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(path, num_threads=threads)
    runner = interpreter.get_signature_runner()
    inputs = {name: np.zeros(info["shape"], info["dtype"]) for name, info in runner.get_input_details().items()}
    return lambda: runner(**inputs), begin


def saved_model_caller(path, threads):
    """(function without arguments that generates one image, MB of the process before the model was loaded)."""
    import tensorflow as tf

    begin = count_memory()
    loaded = tf.saved_model.load(path)
    signature = loaded.signatures["serving_default"]
    inputs = {
        name: tf.zeros([1, *spec.shape[1:]], spec.dtype)
        for name, spec in signature.structured_input_signature[1].items()
    }
    return lambda: (loaded, signature(**inputs)["images"].numpy()), begin


def _status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def count_memory():
    """MB of the process, whose peak is counted anew from here on: the interpreter is imported, no model is loaded."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def machine():
    """Processor, cores and interpreter in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    try:
        from ai_edge_litert import __version__ as version

        runtime = f"ai-edge-litert {version}"
    except ImportError:
        import tensorflow as tf

        runtime = f"TensorFlow {tf.__version__}'s interpreter"
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {runtime}"


def table(result):
    """The rows in Markdown."""
    header = [
        "model", "kind", "MB", "p50 / p95 ms, 1 thread", "p50 / p95 ms, 2 threads", "memory MB", "PSNR dB", "SSIM",
        "KID x 1000", "layers in float32",
    ]  # fmt: skip
    lines = []
    for row in result["rows"]:
        times = [f"{row[f'p50_{threads}']:.1f} / {row[f'p95_{threads}']:.1f}" for threads in THREADS]
        scores = ["", "", "", ""]
        if "psnr" in row:
            scores = [f"{row['psnr']:.1f}", f"{row['ssim']:.4f}", f"{row['kid_change']:+.2f}", len(row["float_layers"])]
        size, memory = f"{row['bytes'] / 1e6:.2f}", f"{row['memory_1']:.0f}"
        lines.append([row["model"], row["kind"], size, *times, memory, *map(str, scores)])
    facts = f"{result['date']}, {result['machine']}; {result['runs']} calls, {result['images']} images"
    return (
        f"{facts}. Programs that ran or\nwaited, on average of the last five minutes: {result['load']}. "
        "Where these are more than the cores, latencies\n"
        "are longer than on a quiet machine, and their order says little.\n\n"
        f"{markdown(header, lines)}\n\n`{result['command']}`"
    )


if __name__ == "__main__":
    main()
