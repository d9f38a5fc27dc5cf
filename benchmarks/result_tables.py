"""The tables of the benchmarks, in Markdown, from the content of their `results.json`. Standard library alone.

The benchmarks write their `table.md` with these functions; `figures.py` writes the tables of the documentation from the
same files. Files of version 0.1 call images "pictures" and the method bsa "scale-shift": both are read.
"""

import statistics

OLD_METHODS = {"scale-shift": "bsa"}
OLD_KEYS = {"pictures": "images"}
TARGETS = {"twemoji_people": "Twemoji people", "photo_patches": "photographs", "twemoji_all": "all Twemoji"}


def with_new_names(result):
    """The content of a results.json with today's names, at any depth."""
    if isinstance(result, list):
        return [with_new_names(item) for item in result]
    if not isinstance(result, dict):
        return result
    names = {**OLD_KEYS, **OLD_METHODS}
    return {names.get(key, key): with_new_names(value) for key, value in result.items()}


def spread(values, form="{:.1f}"):
    """Median, lowest and highest of the seeds as text; the value alone where there is one.

    Example:
        >>> spread([59.1, 53.3, 56.4])
        '56.4 (53.3 to 59.1)'
    """
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(min(values))} to {form.format(max(values))})"


def rates_text(rates):
    """A pair of learning rates as text, such as "0.0008-0.0002"."""
    return "-".join(f"{rate:g}" for rate in rates)


def markdown(header, rows):
    """A table in Markdown.

    Args:
        header: texts.
        rows: lists of texts.

    Returns:
        str without a line break at its end.
    """
    lines = [_line(header), "|---" * len(header) + "|", *map(_line, rows)]
    return "\n".join(lines)


def _line(cells):
    return "|".join(["", *(f" {cell} " if str(cell) else " " for cell in cells), ""])


# Transfer against scratch, GANs.


def kid_at(curve, kimg):
    """KID x 1000 of a curve at the point nearest to a number of kimg."""
    return min(curve, key=lambda point: abs(point["kimg"] - kimg))["kid"]


def kids_at(result, method, kimg):
    """KID x 1000 of each seed of a method at a number of kimg; empty where no seed got so far."""
    return [kid_at(curve, kimg) for curve in result["curves"][method] if curve[-1]["kimg"] > 0.99 * kimg]


def transfer_table(result):
    """table.md of transfer_vs_scratch.py."""
    budget, curves = result["kimg"], result["curves"]
    first = next(iter(curves.values()))  # from scratch, where that is shown: the longest curves
    points = sorted({round(point["kimg"] / budget, 3) for point in first[0] if point["kimg"]})
    rows = []
    for method in curves:
        scores = [kids_at(result, method, share * budget) for share in points]
        label = f"{method} (learning rates {rates_text(result['rates'][method])})"
        rows.append([label, *(spread(kids) if kids else "" for kids in scores)])
    tried = ", ".join(f"{kid:.1f} at {rates}" for rates, kid in result["scratch_rate_search"].items())
    return "\n".join([
        f"KID x 1000 (lower is better) of {result['n_fake']} generated images against {result['n_real']} reference "
        f"images; {result['images']} training images; median (lowest to highest) of {len(first)} seeds (one seed where "
        f"one number stands); learning rates of generator and discriminator; {result['date']}; {result['precision']}.",
        "",
        markdown(["", *(f"{share * budget:.3g} kimg" for share in points)], rows),
        "",
        f"Source before adapting: {result['before']:.1f}. Floor (the training images): {result['floor']:.1f}.",
        "",
        f"Scratch at {budget:.3g} kimg by learning rates, seed 0: {tried}.",
        "",
        f"Command: `{result['command']}`",
        "",
    ])  # fmt: skip


# The same for VAEs.


def mean_elbo_curve(runs):
    """(kimg, mean ELBO over the seeds), two lists, of the points that all runs of a method have."""
    count = min(len(run["curve"]) for run in runs)
    kimg = [point["kimg"] for point in runs[0]["curve"][:count]]
    return kimg, [statistics.fmean(run["curve"][index]["elbo"] for run in runs) for index in range(count)]


def best_of_scratch(result):
    """(kimg, ELBO) of the best point of scratch's mean curve."""
    kimg, elbo = mean_elbo_curve(result["runs"]["scratch"])
    best = max(elbo)
    return kimg[elbo.index(best)], best


def first_kimg_at(runs, elbo):
    """The first kimg at which the mean curve is as good as `elbo`, or None."""
    return next((kimg for kimg, mean in zip(*mean_elbo_curve(runs), strict=True) if mean >= elbo), None)


def best_points(runs):
    """The point with the best ELBO of each run."""
    return [max(run["curve"], key=lambda point: point["elbo"]) for run in runs]


def vae_table(result):
    """table.md of vae_transfer_vs_scratch.py."""
    at, best = best_of_scratch(result)
    rows = []
    for method, runs in result["runs"].items():
        peaks, first = best_points(runs), first_kimg_at(runs, best)
        rows.append([
            method,
            spread([point["elbo"] for point in peaks], "{:.0f}"),
            spread([point["kimg"] for point in peaks], "{:.3g}"),
            "never" if first is None else f"{first:.3g} kimg",
            "" if first is None else f"{first / at:.3f}",
            spread([run["elbo_fitted"] for run in runs], "{:.0f}"),
            spread([run["kid"] for run in runs]),
        ])  # fmt: skip
    header = [
        "", "best ELBO", "at kimg", "scratch's best reached at", "share of its images", "ELBO, prior fitted",
        "KID x 1000",
    ]  # fmt: skip
    lines = [
        f"ELBO in nats per image (higher is better) on {result['n_held']} reference images; {result['images']} "
        f"images to learn from; median (lowest to highest) of {len(result['runs']['scratch'])} seeds; "
        f"{result['date']}; arithmetic chosen by a probe. Scratch is best at {at:.3g} kimg with {best:.0f} (mean of "
        f"the seeds). KID x 1000 of {result['n_fake']} images against {result['n_real']}, drawn from a prior fitted to "
        "the training images.",
        "",
        markdown(header, rows),
        "",
    ]
    if "prior" in result["runs"]:
        seconds = result["runs"]["prior"][0]["prior_seconds"]
        lines.append(f"Fitting the new prior alone took {seconds:.2f} seconds and no gradient.")
    lines += [f"Scratch learns at {result['scratch_rate']:g}, the best of its rates.", ""]
    return "\n".join([*lines, f"Command: `{result['command']}`", ""])


# Restyling, third-party generators, objectives, speed.


def restyle_table(result):
    """table.md of restyle.py, a row for each seed."""
    rows = []
    for seed, run in enumerate(result["runs"]):
        scores = (run[name] for name in ("kid_input", "kid_plain", "kid", "change"))
        rows.append([
            seed, *(f"{score['value']:.1f} ± {score['std']:.1f}" for score in scores), f"{run['edges_kept']:.3f}"
        ])  # fmt: skip
    header = ["seed", "input", "plain reconstruction", "restyled", "restyled less input", "edges kept"]
    return "\n".join([
        f"{result['num']} images, KID x 1000 (lower is better) with its bootstrap deviation against "
        f"{result['runs'][0]['kid']['n_real']} images of the target; {result['date']}.",
        "",
        markdown(header, rows),
        "",
        f"Command: `{result['command']}`",
        "",
    ])  # fmt: skip


def rate_ratio_of(row):
    """The ratio of rates that a row of third_party/results.json was run with; rows of version 0.1 may have none: 1."""
    return row.get("g_lr_ratio", row.get("rate_ratio", 1.0))


def third_party_rows(rows):
    """The rows of third_party/results.json in the order of the table."""
    return sorted(rows, key=lambda row: (row["target"], row["kimg"], row["batch_size"], rate_ratio_of(row)))


def third_party_table(rows):
    """table.md of third_party_generator.py, a row for each target and setting."""
    cells = []
    for row in third_party_rows(rows):
        runs = row["runs"]
        floor = runs[0]["floor"]
        cells.append([
            TARGETS[row["target"]],
            f"{runs[0]['images']}, {runs[0]['n_real']}",
            f"{row['kimg']:g}",
            row["batch_size"],
            f"{rate_ratio_of(row):g}",
            len(runs),
            f"{runs[0]['before']:.1f}",
            spread([run["after"] for run in runs]),
            f"{statistics.median(run['after'] / run['before'] for run in runs):.2f}",
            "" if floor is None else f"{floor:.1f}",
            row["date"],
        ])  # fmt: skip
    header = [
        "target", "trained on, against", "kimg", "batch", "rates", "seeds", "before", "after", "ratio", "floor", "date"
    ]  # fmt: skip
    commands = dict.fromkeys(row["command"] for row in rows)
    return "\n".join([
        f"KID x 1000 (lower is better) of {rows[0]['runs'][0]['n_fake']} generated images against reference images. "
        "Where there are several seeds: median (lowest to highest). Rates: the generator's over the discriminator's "
        "(where they were equal, the last weights were kept, not the best). Ratio: after / before. Floor: the training "
        "images themselves.",
        "",
        markdown(header, cells),
        "",
        "Commands:",
        "",
        "```",
        *commands,
        "```",
        "",
    ])  # fmt: skip


def objective_rows(result):
    """(name, median, "lowest to highest", kimg) of each objective and penalty, as text."""
    rows = []
    for name, runs in result.get("runs", result).items():  # version 0.1 wrote the runs alone
        kids, kimg = [run["kid"] for run in runs], statistics.median(run["kimg"] for run in runs)
        rows.append([name, f"{statistics.median(kids):.1f}", f"{min(kids):.1f} to {max(kids):.1f}", f"{kimg:.1f}"])
    return rows


def objectives_table(result):
    """objectives.md of compare_objectives.py."""
    seeds = len(next(iter(result["runs"].values())))
    header = ["objective, penalty", "median", "lowest to highest", "kimg"]
    return "\n".join([
        f"KID x 1000 after {result['seconds']:g} s of processor time in training steps each; {seeds} seeds; "
        f"{result['date']}; {result['precision']}.",
        "",
        markdown(header, objective_rows(result)),
        "",
        f"Command: `{result['command']}`",
        "",
    ])  # fmt: skip


def pytorch_table(result):
    """vae_against_pytorch.md."""
    rows = []
    for name, bits in result["bits_per_dim"].items():
        lowest, highest = f"{min(bits):.4f}", f"{max(bits):.4f}"
        speed = f"{result['images_per_second'][name]:.0f}"
        rows.append([name, speed, f"{statistics.fmean(bits):.4f}", f"{lowest} to {highest}"])
    return markdown(["", "images a second (median)", "bits per dimension, mean", "lowest to highest"], rows) + "\n"


def distill_table(result):
    """table.md of distill.py: the teacher, then a row for each student."""
    teacher, students = result["teacher"], result["students"]
    first = students[0]
    rows = [[
        teacher["source"], "", "", f"{first['teacher_megabytes']:.2f}", "", "", f"{first['kid_floor']['value']:.2f}",
        *_latencies(teacher),
    ]]  # fmt: skip
    for student in students:
        kid = student["kid_after"]
        rows.append([
            f"{student['size_mb']:g} MB", student["seed"], f"{student['kimg']:g}", f"{student['megabytes']:.2f}",
            f"{student['psnr_before']:.1f}", f"{student['psnr']:.1f}", f"{kid['value']:.2f} ± {kid['std']:.2f}",
            *_latencies(student),
        ])  # fmt: skip
    header = [
        "", "seed", "kimg", "MB", "PSNR before", "PSNR dB", "KID x 1000", "p50 / p95 ms, 1 thread",
        "p50 / p95 ms, 2 threads",
    ]  # fmt: skip
    return "\n".join([
        f"PSNR to the teacher's images of the same latents, before and after training; KID x 1000 (lower is better) of "
        f"{first['kid_after']['n_fake']} images to {first['kid_after']['n_real']} other images of the teacher; one "
        f"image by float32 TFLite; {result['date']}, {result['machine']}. Programs that ran or waited, on average of "
        f"the last five minutes: {result['load']}. Where these are more than the cores, latencies are longer than on a "
        "quiet machine.",
        "",
        markdown(header, rows),
        "",
        f"Command: `{result['command']}`",
        "",
    ])  # fmt: skip


def _latencies(row):
    """Cells of the median and 95th percentile of one and of two threads."""
    return [f"{row[f'p50_{threads}']:.1f} / {row[f'p95_{threads}']:.1f}" for threads in (1, 2)]
