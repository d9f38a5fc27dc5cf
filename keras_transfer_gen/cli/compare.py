"""`ktg compare`: several RUNs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from keras_transfer_gen import checks, files
from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.completion import complete_runs
from keras_transfer_gen.cli.exits import guarded

LEAST = 2


@guarded
@checks.named(run="RUN")
def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="RUN folders, two or more.", autocompletion=complete_runs)
    ],
    out: Annotated[
        str | None, typer.Option("--out", help="Also write a page with tables and curves to this HTML file.")
    ] = None,
    json: o.Json = False,
    debug: o.Debug = False,
) -> None:
    """Show the scores of several runs, and the settings that differ."""
    if len(runs) < LEAST:
        raise checks.user_error("run", "two RUN folders or more", runs, "Such as `ktg compare runs/a runs/b`.")
    if out is not None:
        _check_page(out)
    from keras_transfer_gen.cli.console import print_json, print_table
    from keras_transfer_gen.recipes.report.compare_runs import compare_runs, comparison_page, read_run, table_rows

    read = [read_run(path) for path in runs]
    comparison = compare_runs(read)
    if out is not None:
        files.write_text(Path(out), comparison_page(read))
    if json:
        return print_json({**comparison, "out": out})
    header = ["", *comparison["runs"]]
    print_table("scores", header, table_rows(comparison["scores"]))
    if comparison["settings"]:
        print_table("settings that differ", header, table_rows(comparison["settings"]))
    else:
        print("All settings are the same.")
    for note in comparison["notes"]:
        print(note)
    if out is not None:
        print(f"wrote {out}")


def _check_page(out: str) -> None:
    """Refuses a path that is no HTML file, or whose folder does not exist."""
    path = Path(out)
    if path.suffix not in (".html", ".htm") or path.is_dir():
        raise checks.user_error("out", "a file that ends in .html", out, "Such as --out compared.html.")
    if not path.absolute().parent.is_dir():
        raise checks.file_error("out", "a file in a folder that exists", path, "Make the folder first.")
