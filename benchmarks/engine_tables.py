"""The table of `docs/performance.md`, from the results of the scripts in `benchmarks/engine`; standard library only."""

from result_tables import markdown

BUSY = 1.0  # load of the machine above which a row is marked


def engine_table(results):
    """A row for each figure: what was measured, the figure, when, where, how.

    Args:
        results: dict of a script's name -> content of its results.json; those that were not run are left out.
    """
    rows = []
    for name, lines in ENGINE.items():
        if name in results:
            rows += [[*cells, *_where(results[name])] for cells in lines(results[name])]
    return markdown(["", "figure", "date", "machine", "command"], rows)


def _where(result):
    busy = result.get("load") is not None and result["load"] > BUSY
    machine = result["machine"] + (f"; busy (load {result['load']:g})" if busy else "")
    return [result["date"], machine, f"`{result['command']}`"]


def _clock(result):
    return "a second of one core" if "--clock cpu" in result["command"] else "a second"


def _step_lines(result):
    clock = _clock(result)
    for kind, speeds in result["images_per_second"].items():
        words, _, precision = kind.partition(" ")
        prefix = "" if words == "gan" else f"{words}_"
        parts = ", ".join(f"{name} {speed:g}" for name, speed in speeds.items())
        ratio = result[f"{prefix}ratio_{precision}"]
        yield [f"{STEPS[words]}, {precision}, images {clock}", f"{parts}: {ratio:.2f} times the best of PyTorch"]


def _peak_lines(result):
    for precision, rates in result["gflops"].items():
        share = f"{100 * result[f'share_{precision}']:.0f} %"
        yield [f"GAN step, {precision}, of the peak of matrix products", f"{share} of {rates['peak']:g} GFLOP/s"]


def _share_lines(result):
    parts = ", ".join(f"{name} {100 * share:.1f} %" for name, share in result["shares"].items())
    yield [
        f"share of a fine-tune ({result['kimg']:g} kimg) beside its steps",
        f"{100 * result['share']:.1f} %: {parts}",
    ]


def _replica_lines(result):
    yield ["GAN step, images a second", ", ".join(f"{w} {s:g}" for w, s in result["images_per_second"].items())]


def _files_lines(result):
    parts = result["parts"]
    ours = ", ".join(f"{part} {numbers['cpu_seconds']:g}" for part, numbers in parts.items() if part != "more steps")
    yield [
        f"a folder of {result['files']:,} files, from the start of Python to the end of the first step",
        f"{result['seconds_to_first_step']:.0f} s, {result['peak_gb']:.2f} GB; seconds of the processor: "
        f"{result['cpu_seconds_to_first_step']:.1f} ({ours})",
    ]


def _onednn_lines(result):
    for name, ratio in result["ratios"].items():
        speeds = [f"{word} {part[name]:g}" for word, part in result["images_per_second"].items()]
        yield [f"oneDNN, {STEPS[name]}, images a second", f"{', '.join(speeds)}: {ratio:.2f} times"]


def _stylegan2_lines(result):
    for kind, speeds in result["images_per_second"].items():
        parts = ", ".join(f"{name} {speed:g}" for name, speed in speeds.items())
        ratio = speeds["ktg"] / max(speed for name, speed in speeds.items() if name != "ktg")
        yield [f"StyleGAN2 step, {kind}, images a second", f"{parts}: {ratio:.2f} times the best of PyTorch"]
    yield ["StyleGAN2 training, with the penalties that are due", f"{result['ratio_training']:.2f} times the best"]
    parts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in result["parts"].items())
    yield ["where the time of a plain StyleGAN2 step goes", parts]


def _vq_lines(result):
    for part, words in (("autoencoder", "VQ-VAE step"), ("prior", "step of a VQ-VAE's prior")):
        for precision, speeds in result.get(part, {}).items():
            parts = ", ".join(f"{name} {speed:g}" for name, speed in speeds.items())
            ratio = result[f"ratio_{part}" + ("" if precision == "float32" else f"_{precision}")]
            yield [f"{words}, {precision}, images {_clock(result)}", f"{parts}: {ratio:.2f} times the best of PyTorch"]


def _overhead_lines(result):
    yield ["`model.fit` over a bare `tf.function` loop of the same step", f"{result['ratio']:.3f} times the time"]


def _pipeline_lines(result):
    yield [
        "input pipeline alone, images a second",
        f"{result['pipeline']:,}, {result['ratio']:.0f} times what training takes; decoding files "
        f"{result['first_pass']:,}, from the cache {result['from_cache']:,}",
    ]


def _version_lines(result):
    seeds = len(result["kid"]["this"])
    speeds, kids = (
        {version: sum(values) / seeds for version, values in result[name].items()}
        for name in ("images_per_second", "kid")
    )
    spread = {version: f"{min(values):.1f} to {max(values):.1f}" for version, values in result["kid"].items()}
    yield [
        f"a fine-tune with feature heads ({result['kimg']:g} kimg, {seeds} seeds), images a second",
        f"{speeds['this']:.1f}, at {result['other']} {speeds['other']:.1f}: {result['ratio']:.2f} times; KID x 1000 "
        f"{kids['this']:.1f} ({spread['this']}) and {kids['other']:.1f} ({spread['other']})",
    ]


def _memory_lines(result):
    for row in result["cases"]:
        figure = f"{row['measured_gb']:g} GB, estimated {row['estimated_gb']:g} GB"
        yield [f"peak memory of a step beside the model, {row['case']}", figure]


STEPS = {"gan": "GAN step", "heads": "GAN step with feature heads", "vae": "VAE step", "vq": "VQ-VAE step"}
ENGINE = {
    "step_against_pytorch": _step_lines, "stylegan2_against_pytorch": _stylegan2_lines,
    "vq_against_pytorch": _vq_lines, "peak_flops": _peak_lines, "share_of_a_run": _share_lines,
    "replicas": _replica_lines, "onednn": _onednn_lines, "million_files": _files_lines,
    "memory": _memory_lines, "versions": _version_lines, "step_overhead": _overhead_lines, "pipeline": _pipeline_lines,
}  # fmt: skip
