"""Writes the figures of README, docs and model cards from `benchmarks/results`, or checks that none is stale.

    python benchmarks/figures.py --check     # exit 1 where a figure is stale, with its place
    python benchmarks/figures.py --write     # put today's figures into the pages

A page marks what is written: a table stands between `<!-- figures: NAME -->` and `<!-- /figures -->`, a figure in a
sentence between `<!--f NAME-->` and `<!--/f-->`. `--names` lists the names. The tables beside the results, `table.md`,
are written as well. Needs the standard library alone.
"""

import argparse
import functools
import json
import re
import statistics
import sys
from pathlib import Path

import result_tables as tables
import source_tables
from engine_tables import ENGINE, engine_table

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "saved_models"))

from score_section import score_section  # noqa: E402

PAGES = ("README.md", "CHANGELOG.md", "docs/*.md", "examples/README.md", "saved_models/*/*.md")
BLOCK = re.compile(r"(?P<start><!-- figures: (?P<name>\S+) -->\n).*?(?P<end><!-- /figures -->)", re.DOTALL)
VALUE = re.compile(r"(?P<start><!--f (?P<name>[\w.@-]+?)-->).*?(?P<end><!--/f-->)")
MARKS = re.compile(r"<!--f [^>]*-->|<!--/f-->|<!-- figures: \S+ -->|<!-- /figures -->")

LEARNT = ("kid", "kid_second", "layout")
SHARES = (0.125, 0.25, 0.5, 1, 2, 4, 7, 10)  # of the budget, where transfer_vs_scratch.py measures
METHODS = {  # of transfer_vs_scratch.py: (name here, words)
    "fine-tune": ("adapted", "adapted"),
    "fine-tune + FreezeD": ("adapted-freeze-d", "adapted, with `--freeze-d 2`"),
    "fine-tune, no feature heads": ("adapted-no-heads", "adapted, without feature heads (`--feature-weight 0`)"),
    "scratch, feature heads": ("scratch-heads", "from scratch, but with feature heads"),
    "scratch": ("scratch", "from scratch, the generator 8 times as fast"),
    "scratch, equal rates": ("scratch-equal", "from scratch, equal rates"),
}
VAE_METHODS = {
    "prior": "`prior`: a new prior and scale of errors, no gradient", "bsa": "`bsa`", "decoder": "`decoder`",
    "full": "`full`", "anchored": "`anchored`", "scratch": "from scratch",
}  # fmt: skip
OBJECTIVES = {
    "non_saturating, r1": "non-saturating, R1 (default)", "non_saturating, none": "non-saturating, none",
    "hinge, r1": "hinge, R1", "hinge, none": "hinge, none",
}  # fmt: skip
TABLE_FILES = {  # folder of benchmarks/results -> (results, table, function)
    "conditional_fashion": ("results.json", "table.md", source_tables.conditional_table),
    "counterparts": ("results.json", "table.md", source_tables.counterparts_table),
    "far": ("results.json", "table.md", tables.transfer_table),
    "kinds": ("results.json", "table.md", source_tables.kinds_table),
    "masked_prior": ("results.json", "table.md", source_tables.masked_table),
    "near": ("results.json", "table.md", tables.transfer_table),
    "new_style": ("results.json", "table.md", source_tables.new_style_table),
    "restyle": ("results.json", "table.md", tables.restyle_table),
    "source_classes": ("results.json", "table.md", source_tables.classes_table),
    "sources": ("results.json", "table.md", source_tables.compared_table),
    "sources_128": ("results.json", "table.md", source_tables.compared_table),
    "sources_blended": ("results.json", "table.md", source_tables.compared_table),
    "sources_far": ("results.json", "table.md", source_tables.compared_table),
    "sources_ten": ("results.json", "table.md", source_tables.compared_table),
    "stylegan2_near": ("results.json", "table.md", tables.transfer_table),
    "third_party": ("results.json", "table.md", tables.third_party_table),
    "vae_grey": ("results.json", "table.md", tables.vae_table),
    "vae_near": ("results.json", "table.md", tables.vae_table),
    "vae_pytorch": ("vae_against_pytorch.json", "vae_against_pytorch.md", tables.pytorch_table),
}
TABLES_OF_PAGES = (  # folders whose table.md stands in a page, without its first and its last line
    "conditional_fashion", "counterparts", "kinds", "masked_prior", "new_style", "restyle", "source_classes", "sources",
    "sources_128", "sources_blended", "sources_far", "sources_ten",
)  # fmt: skip
OTHER_FILES = {
    "objectives": "objectives.json", "stylegan2_32": "results.json",
}  # fmt: skip


def read_results(root=ROOT):
    """The content of every file with results: of the benchmarks by folder, of the presets by name."""
    places = {folder: file for folder, (file, _, _) in TABLE_FILES.items()} | OTHER_FILES
    results = {
        folder: tables.with_new_names(_read(root / "benchmarks" / "results" / folder / file))
        for folder, file in places.items()
    }
    presets = {path.parent.name: _read(path) for path in sorted((root / "saved_models").glob("*/scores.json"))}
    engine = {name: root / "benchmarks" / "results" / "engine" / name / "results.json" for name in ENGINE}
    engine = {name: _read(path) for name, path in engine.items() if path.is_file()}
    return {**results, "presets": presets, "engine": engine}


def _read(path):
    return json.loads(path.read_text(encoding="utf-8"))


# Tables.


def all_tables(results):
    """{name: Markdown} of every table that a page may hold."""
    presets = {f"preset.{name}": score_section(scores) for name, scores in results["presets"].items()}
    return {
        "near.short": short_table(results["near"], results["sources_blended"]),
        "near": pair_table(results["near"]),
        "far": pair_table(results["far"]),
        "near.scratch": scratch_table(results["near"]),
        "stylegan2_32": learning_table(results["stylegan2_32"]),
        "stylegan2_near": pair_table(results["stylegan2_near"]),
        "vae_near": elbo_table(results["vae_near"]),
        "vae_grey": elbo_table(results["vae_grey"]),
        "objectives": objective_table(results["objectives"]),
        "third_party": third_party_short_table(results["third_party"]),
        **{name: "\n".join(TABLE_FILES[name][2](results[name]).splitlines()[2:-2]).strip() for name in TABLES_OF_PAGES},
        "engine": engine_table(results["engine"]),
        "vae_pytorch": tables.pytorch_table(results["vae_pytorch"]).strip(),
        **presets,
    }


def short_table(result, blended):
    """What adapting brings, for the README: of the source that blends known images, then of a plain one and scratch."""
    (source,) = blended["sources"]
    budget, runs = result["kimg"], source["runs"]
    rows = [
        [f"`{source['source']}`, before adapting", f"{runs[0]['before']['kid']:.1f}"],
        [f"`{source['source']}`, adapted", tables.spread([run["kid"] for run in runs])],
        ["`noto_gan_64`, before adapting", f"{result['before']:.1f}"],
    ]
    for method in ("fine-tune", "fine-tune, no feature heads"):
        rows.append([f"`noto_gan_64`, {METHODS[method][1]}", _spread_at(result, method, budget)])
    rows.append([METHODS["scratch"][1], _spread_at(result, "scratch", budget)])
    rows.append([f"{METHODS['scratch'][1]}, {10 * budget:g} kimg", _spread_at(result, "scratch", 10 * budget)])
    rows.append(["floor: the training images themselves", f"{result['floor']:.1f}"])
    return tables.markdown(["", "KID x 1000"], rows)


def pair_table(result):
    """Every method at every point up to the budget."""
    points = [share * result["kimg"] for share in SHARES if share <= 1]
    rows = [
        [words, *(_spread_at(result, method, kimg) for kimg in points)]
        for method, (_, words) in METHODS.items()
        if method in result["curves"]
    ]
    rows.insert(0, ["source, before adapting", f"{result['before']:.1f}", *[""] * (len(points) - 1)])
    rows.append(["floor: the training images themselves", f"{result['floor']:.1f}", *[""] * (len(points) - 1)])
    return tables.markdown(["KID x 1000", *(f"{kimg:.3g} kimg" for kimg in points)], rows)


def scratch_table(result):
    """Training from scratch beyond the budget."""
    points = [share * result["kimg"] for share in SHARES if share >= 1]
    scores = [_spread_at(result, "scratch", kimg) for kimg in points]
    return tables.markdown(["KID x 1000", *(f"{kimg:.3g} kimg" for kimg in points)], [["from scratch", *scores]])


def learning_table(result):
    """The scores of a training from nothing, on the way and at its end."""
    rows = [[f"{point['kimg']:g}", *(f"{point[name]:.1f}" for name in LEARNT)] for point in result["points"]]
    ends = [f"{result['end'][name]['value']:.1f} ± {result['end'][name]['std']:.1f}" for name in LEARNT]
    rows.append([f"{result['kimg']:g}, of 500 images", *ends])
    return tables.markdown(["kimg", "KID x 1000", "second network", "layout"], rows)


def _spread_at(result, method, kimg):
    kids = tables.kids_at(result, method, kimg)
    return tables.spread(kids) if kids else ""


def elbo_table(result):
    """Every method of a VAE: its best ELBO, and when scratch's best was reached."""
    best = tables.best_of_scratch(result)[1]
    rows = []
    for method, words in VAE_METHODS.items():
        runs = result["runs"][method]
        first = tables.first_kimg_at(runs, best)
        reached = "never" if first is None else f"{first:.3g} kimg"
        rows.append([
            words,
            tables.spread([point["elbo"] for point in tables.best_points(runs)], "{:.0f}"),
            tables.spread([run["elbo_fitted"] for run in runs], "{:.0f}"),
            tables.spread([run["kid"] for run in runs]),
            reached,
        ])  # fmt: skip
    return tables.markdown(["", "best ELBO", "ELBO, prior fitted", "KID x 1000", "scratch's best reached at"], rows)


def objective_table(result):
    """The objectives with and without R1."""
    rows = [[OBJECTIVES.get(name, name), *cells] for name, *cells in tables.objective_rows(result)]
    return tables.markdown(["KID x 1000", "median", "lowest to highest", "kimg in the same time"], rows)


def third_party_short_table(rows):
    """A row for each target and setting, without what is alike."""
    return "\n".join(line for line in tables.third_party_table(rows).splitlines() if line.startswith("|"))


# Figures in sentences.


def all_values(results):
    """{name: text} of every figure that a sentence may hold."""
    values = {}
    for pair in ("near", "far", "stylegan2_near"):
        values |= _pair_values(pair, results[pair])
    for pair in ("vae_near", "vae_grey"):
        values |= _vae_values(pair, results[pair])
    for row in results["third_party"]:
        name = f"third_party.{row['target']}.{row['kimg']:g}kimg.batch{row['batch_size']}.rates"
        name += f"{tables.rate_ratio_of(row):g}"
        values[f"{name}.before"] = f"{row['runs'][0]['before']:.0f}"
        values[f"{name}.after"] = tables.spread([run["after"] for run in row["runs"]], "{:.0f}")
    runs = results["restyle"]["runs"]
    values |= {
        "restyle.num": str(results["restyle"]["num"]),
        "restyle.input": f"{_median(runs, 'kid_input'):.1f}",
        "restyle.restyled": f"{_median(runs, 'kid'):.1f}",
        "restyle.change": f"{_median(runs, 'change'):.1f}",
        "restyle.change_std": f"{statistics.median(run['change']['std'] for run in runs):.1f}",
        "restyle.edges": f"{statistics.median(run['edges_kept'] for run in runs):.2f}",
        "vae_pytorch.ratio": f"{results['vae_pytorch']['ratio']:.2f}",
    }
    dated = ("near", "far", "vae_near", "vae_grey", "restyle")
    for folder in (*dated, "sources_blended", "stylegan2_32", "stylegan2_near"):
        values[f"{folder}.date"] = results[folder]["date"]
    for name, scores in results["presets"].items():
        kids = scores["kid_by_seed"]
        values[f"{name}.kid"] = f"{min(kids):.0f} to {max(kids):.0f}"
        values[f"{name}.date"] = scores["date"]
        for score in ("precision", "recall", "density", "coverage"):
            if score in scores:
                values[f"{name}.{score}"] = f"{min(scores[score]):.2f} to {max(scores[score]):.2f}"
    return values


def _pair_values(pair, result):
    values = {f"{pair}.before": f"{result['before']:.1f}", f"{pair}.floor": f"{result['floor']:.1f}"}
    for method, (name, _) in METHODS.items():
        for share in SHARES if method in result["curves"] else ():
            kids = tables.kids_at(result, method, share * result["kimg"])
            if kids:
                figure = f"{pair}.{name}@{share * result['kimg']:.3g}"
                values[figure], values[f"{figure}.median"] = tables.spread(kids), f"{statistics.median(kids):.1f}"
    return values


def _vae_values(pair, result):
    kimg, best = tables.best_of_scratch(result)
    values = {f"{pair}.scratch.best": f"{best:.0f}", f"{pair}.scratch.best_kimg": f"{kimg:.3g}"}
    for method, runs in result["runs"].items():
        values[f"{pair}.{method}.elbo"] = tables.spread([p["elbo"] for p in tables.best_points(runs)], "{:.0f}")
        values[f"{pair}.{method}.kid"] = tables.spread([run["kid"] for run in runs], "{:.0f}")
        if (first := tables.first_kimg_at(runs, best)) is not None:
            values[f"{pair}.{method}.reached"] = f"{first:.2g}"
    return values


def _median(runs, score):
    return statistics.median(run[score]["value"] for run in runs)


# Pages.


def pages(root=ROOT):
    """Paths of the pages that may hold figures."""
    return [path for pattern in PAGES for path in sorted(root.glob(pattern))]


def rewrite(text, page_tables, values):
    """A page with today's figures.

    Args:
        text: Markdown.
        page_tables: as `all_tables` gives them.
        values: as `all_values` gives them.

    Returns:
        (str, list of "line N: ..." for each figure that changed, is unknown, or whose mark has no other end).
    """
    faults = []

    def line_of(match):
        return f"line {text.count(chr(10), 0, match.start()) + 1}"

    def put(match, known, form):
        name = match["name"]
        if name not in known:
            faults.append(f"{line_of(match)}: there is no figure named {name}")
            return match[0]
        current = match["start"] + form.format(known[name]) + match["end"]
        if current != match[0]:
            faults.append(f"{line_of(match)}: {name} is stale")
        return current

    matches = [match for kind in (BLOCK, VALUE) for match in kind.finditer(text)]
    known_marks = {match.start(end) for match in matches for end in ("start", "end")}
    faults += [
        f"{line_of(mark)}: {mark[0]} has no other end"
        for mark in MARKS.finditer(text)
        if mark.start() not in known_marks
    ]
    text = VALUE.sub(functools.partial(put, known=values, form="{}"), text)
    return BLOCK.sub(functools.partial(put, known=page_tables, form="\n{}\n\n"), text), faults


def current_texts(root=ROOT):
    """(path, text today, list of what is stale in it) of every page and every table beside results."""
    results = read_results(root)
    page_tables, values = all_tables(results), all_values(results)
    for path in pages(root):
        yield path, *rewrite(path.read_text(encoding="utf-8"), page_tables, values)
    for folder, (_, file, make) in TABLE_FILES.items():
        path, text = root / "benchmarks" / "results" / folder / file, make(results[folder])
        stale = not path.is_file() or path.read_text(encoding="utf-8") != text
        yield path, text, ["the table is stale"] if stale else []


def main(arguments=None, root=ROOT):
    """Writes or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="say which figures are stale; exit 1 where there are some")
    action.add_argument("--write", action="store_true", help="put today's figures into the pages")
    action.add_argument("--names", action="store_true", help="list the names of tables and figures")
    options = parser.parse_args(arguments)
    if options.names:
        results = read_results(root)
        print("\n".join([*all_tables(results), *(f"{name} {value}" for name, value in all_values(results).items())]))
        return 0
    faults = []
    for path, text, stale in current_texts(root):
        if options.write and text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(root)}")
        unmendable = [fault for fault in stale if not fault.endswith("stale")]
        faults += [f"{path.relative_to(root)}, {fault}" for fault in (unmendable if options.write else stale)]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        print("Run python benchmarks/figures.py --write", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
