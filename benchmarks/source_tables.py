"""The tables of benchmarks that compare sources, in Markdown, from their `results.json`. Standard library alone."""

import statistics

from result_tables import markdown, spread

COMPARED = {  # score of compare_sources.py -> (column, form)
    "kid": ("KID x 1000", "{:.1f}"), "kid_second": ("second network", "{:.1f}"), "layout": ("layout", "{:.1f}"),
    "layout_precision": ("layout precision", "{:.2f}"), "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"), "near_copies": ("near-copies", "{:.2f}"), "minutes": ("minutes", "{:.1f}"),
    "images_per_second": ("images/s", "{:.0f}"), "seconds_for_64": ("seconds for 64 images", "{:.1f}"),
}  # fmt: skip
REAL = ("kid", "kid_second", "layout", "layout_precision", "precision", "recall")  # scores that real images have too


def compared_table(result):
    """table.md of compare_sources.py, a row for each source: median (lowest to highest) of the seeds."""
    rows = [
        [
            f"`{row['source']}`",
            *(spread([run[name] for run in row["runs"]], form) for name, (_, form) in COMPARED.items()),
        ]
        for row in result["sources"]
    ]
    for row in result["sources"]:
        if "decoded" in row["runs"][0]:
            runs = [run["decoded"] for run in row["runs"]]
            rows.append([f"reference, decoded from its own tokens by `{row['source']}`", *_real_cells(runs)])
    rows.append(["the images to learn themselves", *_real_cells([result["images"]])])
    seeds = len(result["sources"][0]["runs"])
    return "\n".join([
        f"Median (lowest to highest) of {seeds} seeds; {result['date']}.", "",
        markdown(["source", *(column for column, _ in COMPARED.values())], rows), "", *_rivals_table(result),
        f"Command: `{result['command']}`", "",
    ])  # fmt: skip


RIVALS = {  # score of a model before, after or without adapting -> (column, form)
    **{name: COMPARED[name] for name in ("kid", "kid_second", "layout", "recall")}, "nats": ("nats", "{:.1f}"),
}  # fmt: skip
WHEN = {"before": "before", "after": "adapted", "scratch": "from scratch"}


def _real_cells(runs):
    """Cells of images that no prior drew: "" where they have no such score."""
    return [spread([run[name] for run in runs], form) if name in REAL else "" for name, (_, form) in COMPARED.items()]


def _rivals_table(result):
    """Lines of a table of the models before, after and from scratch, a row each, where results have them."""
    rows = []
    for row in result["sources"]:
        for when, words in WHEN.items():
            runs = [run if when == "after" else run.get(when) for run in row["runs"]]
            if runs[0] is not None:
                cells = [_cell([run[name] for run in runs], form) for name, (_, form) in RIVALS.items()]
                rows.append([f"`{row['source']}`, {words}", *cells])
    return [markdown(["model", *(column for column, _ in RIVALS.values())], rows), ""]


def _cell(values, form):
    return "" if values[0] is None else spread(values, form)


ALL_CLASSES = {  # score of compare_classes.py -> (column, form)
    "kid": ("KID x 1000", "{:.1f}"), "kid_second": ("second network", "{:.1f}"), "layout": ("layout", "{:.1f}"),
    "layout_precision": ("layout precision", "{:.2f}"), "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"), "recognised": ("recognised", "{:.2f}"), "near_copies": ("near-copies", "{:.2f}"),
    "seconds_for_64": ("seconds for 64 images", "{:.1f}"),
}  # fmt: skip


def classes_table(result):
    """table.md of compare_classes.py: a row for each source, then one for each class with all sources."""
    sources, seeds = result["sources"], len(result["sources"][0]["runs"])
    rows = [
        [
            f"`{row['source']}`", f"{row['megabytes']:.1f}",
            *(spread([run[name] for run in row["runs"]], form) for name, (_, form) in ALL_CLASSES.items()),
        ]
        for row in sources
    ]  # fmt: skip
    header, classes = ["class", "recognised, real"], []
    for row in sources:
        header += [f"`{row['source']}`: KID x 1000", "second network", "recognised"]
    forms = {"kid": "{:.0f}", "kid_second": "{:.0f}", "recognised": "{:.2f}"}
    for name in sources[0]["runs"][0]["per_class"]:
        cells = [name, f"{sources[0]['runs'][0]['per_class'][name]['recognised_real']:.2f}"]
        for row in sources:
            cells += [spread([run["per_class"][name][key] for run in row["runs"]], forms[key]) for key in forms]
        classes.append(cells)
    return "\n".join([
        f"Median (lowest to highest) of {seeds} seeds; {result['date']}.", "",
        markdown(["source", "MB", *(column for column, _ in ALL_CLASSES.values())], rows), "",
        markdown(header, classes), "", f"Command: `{result['command']}`", "",
    ])  # fmt: skip


COUNTERPARTS = {  # distance of counterparts.py -> (column, form)
    "pixels": ("16 x 16 pixels", "{:.1f}"), "features": ("features", "{:.3f}"), "second": ("second network", "{:.3f}"),
}  # fmt: skip


def counterparts_table(result):
    """table.md of counterparts.py: a row for each restyling, then one for each pair of restylings."""
    rows = []
    for number, row in enumerate(result["rows"]):
        cells = [row["name"]]
        for name, (_, form) in COUNTERPARTS.items():
            runs = [run[name] for run in row["runs"]]
            cells.append(spread([run["mean"] for run in runs], form))
            # The first row is the input, which the others are compared with.
            shares = [spread([run["nearer"] for run in runs], "{:.2f}"), f"{row['p'][name]:.2g}"]
            cells += shares if number else ["", ""]
        rows.append(cells)
    header = ["images", *(text for column, _ in COUNTERPARTS.values() for text in (column, "nearer", "p"))]
    lines = [
        f"Distances of {result['num']} images to their counterparts (lower is better): median (lowest to highest) of "
        f"{max(len(row['runs']) for row in result['rows'])} seeds. Nearer: share of the images that are nearer to "
        f"their counterparts than the input is. p: Wilcoxon's test against the input; {result['date']}.",
        "", markdown(header, rows), "",
    ]  # fmt: skip
    if result["against"]:
        pairs = [
            [f"{row['restyling']} against {row['against']}", *(
                text for name in COUNTERPARTS for text in (f"{row[name]['nearer']:.2f}", f"{row[name]['p']:.2g}")
            )] for row in result["against"]
        ]  # fmt: skip
        header = ["nearer than another", *(text for column, _ in COUNTERPARTS.values() for text in (column, "p"))]
        lines += ["Share of the images that the first of two restylings puts nearer:", "", markdown(header, pairs), ""]
    return "\n".join([*lines, f"Command: `{result['command']}`", ""])


MASKED = {  # score of masked_prior.py -> (row, form, sign: -1 where lower is better)
    "kid": ("KID x 1000", "{:.1f}", -1), "kid_second": ("second network", "{:.1f}", -1),
    "layout": ("layout", "{:.1f}", -1), "precision": ("precision", "{:.2f}", 1), "recall": ("recall", "{:.2f}", 1),
    "near_copies": ("near-copies", "{:.2f}", -1),
    "soft_kid": ("against soft images: KID x 1000", "{:.1f}", -1),
    "soft_kid_second": ("against soft images: second network", "{:.1f}", -1),
    "soft_layout": ("against soft images: layout", "{:.1f}", -1),
    "soft_precision": ("against soft images: precision", "{:.2f}", 1),
    "soft_recall": ("against soft images: recall", "{:.2f}", 1),
    "seconds_for_64": ("seconds for 64 draws", "{:.2f}", -1),
    **{
        f"{side}_{score}": (f"{side} kept: {name}", form, -1)
        for side in ("top", "bottom")
        for score, name, form in (
            ("pixels", "pixels", "{:.1f}"), ("features", "features", "{:.3f}"),
            ("second", "second network", "{:.3f}"), ("seconds", "seconds for 64 edits", "{:.2f}"),
        )
    },
}  # fmt: skip


def masked_table(result):
    """table.md of masked_prior.py: a row for each score, a column for each way of drawing, and which is better."""
    runs = [run["scores"] for run in result["runs"]]
    ways = [name for name, scores in runs[0].items() if "seconds_for_64" in scores]
    rows = []
    for score, (text, form, sign) in MASKED.items():
        cells = [spread([run[way][score] for run in runs], form) if score in runs[0][way] else "" for way in runs[0]]
        rows.append([text, *cells, _better(runs, ways, score, sign)])
    training = []
    for name in result["runs"][0]["training"]:
        notes = [run["training"][name] for run in result["runs"]]
        chosen = [note["best"]["minutes"] for note in notes]
        training.append([name, f"{notes[0]['parameters']:,}", spread([note["kimg"] for note in notes]), spread(chosen)])
    return "\n".join([
        f"Median (lowest to highest) of {len(runs)} seeds, {result['minutes']:g} minutes of training each; "
        f"{result['date']}. Better: the best median, and in how many seeds that way is the best.", "",
        markdown(["score", *runs[0], "better"], rows), "",
        markdown(["prior", "parameters", "kimg", "minutes until its weights are taken"], training), "",
        f"Command: `{result['command']}`", "",
    ])  # fmt: skip


def _better(runs, ways, score, sign):
    """The way whose median is best, with the seeds in which it is; "same" where all medians are one."""
    medians = {way: statistics.median(sign * run[way][score] for run in runs) for way in ways}
    if len(set(medians.values())) == 1:
        return "same"
    best = max(medians, key=medians.get)
    wins = sum(sign * run[best][score] == max(sign * run[way][score] for way in ways) for run in runs)
    return f"{best} ({wins} of {len(runs)})"


CONDITIONAL = {  # score of conditional.py -> (column, form)
    "kid": ("KID x 1000", "{:.1f}"), "kid_second": ("second network", "{:.1f}"), "layout": ("layout", "{:.1f}"),
    "precision": ("precision", "{:.2f}"), "recall": ("recall", "{:.2f}"), "clear": ("clear", "{:.2f}"),
    "recognised": ("recognised", "{:.2f}"), "kimg": ("kimg", "{:.0f}"),
}  # fmt: skip


def conditional_table(result):
    """table.md of conditional.py: a row for each GAN, and what real images reach."""
    rows = []
    for name, runs in result["runs"].items():
        cells = [
            spread([run[key] for run in runs], form) if key in runs[0] else "" for key, (_, form) in CONDITIONAL.items()
        ]
        rows.append([name, *cells])
    real = {"clear": result["clear_real"], "recognised": result["runs"]["conditional"][0]["recognised_real"]}
    rows.append(["real images", *(CONDITIONAL[key][1].format(real[key]) if key in real else "" for key in CONDITIONAL)])
    return "\n".join([
        f"Median (lowest to highest) of {len(runs)} seeds, {result['minutes']:g} minutes of training each, "
        f"{result['images']:,} images of {result['classes']} classes; {result['date']}.", "",
        markdown(["GAN", *(column for column, _ in CONDITIONAL.values())], rows), "",
        f"Command: `{result['command']}`", "",
    ])  # fmt: skip


NEW_STYLE = {name: COMPARED[name] for name in ("kid", "kid_second", "layout", "precision", "recall")}


def named_spreads(row, columns):
    """The cells of {"name", "runs"}: its name, then what its runs spread over for each of {score: (column, form)}."""
    return [row["name"], *(spread([run[key] for run in row["runs"]], form) for key, (_, form) in columns.items())]


def new_style_table(result):
    """table.md of new_style.py: for each source a row of its own draws, recoloured ones, and those of each method."""
    rows = [named_spreads(row, NEW_STYLE) for row in result["rows"]]
    return "\n".join([
        f"Median (lowest to highest) of {len(result['rows'][0]['runs'])} seeds, draws of "
        f"{len(result['classes'])} classes against {result['unseen']:,} real images of them; learnt are "
        f"{result['learnt']:,} images of other classes; {result['date']}.", "",
        markdown(["draws of", *(column for column, _ in NEW_STYLE.values())], rows), "",
        f"Command: `{result['command']}`", "",
    ])  # fmt: skip


def kinds_table(result):
    """table.md of kinds.py: for each class a row of each way to choose the known images that are kept."""
    columns = {"kind": ("of the kind", "{:.2f}"), "kept": ("kept", "{:.0f}"), **NEW_STYLE}
    rows = [named_spreads(row, columns) for row in result["rows"]]
    return "\n".join([
        f"Median (lowest to highest) of {len(result['rows'][0]['runs'])} seeds, {result['drawn']} draws before "
        f"training, of what is kept of {result['known']:,} known images; {result['date']}.", "",
        markdown(["kept for", *(column for column, _ in columns.values())], rows), "",
        f"Command: `{result['command']}`", "",
    ])  # fmt: skip
