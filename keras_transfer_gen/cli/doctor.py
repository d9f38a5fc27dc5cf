"""`ktg doctor` and `ktg cache`: this machine and what is kept on it."""

from typing import Annotated

import typer

from keras_transfer_gen.cli import options as o
from keras_transfer_gen.cli.exits import FAULT, guarded

Clear = Annotated[bool, typer.Option("--clear", help="Remove what is in it. What it held is made or fetched again.")]


@guarded
def doctor(json: o.Json = False, debug: o.Debug = False) -> None:
    """Look at versions, devices, precision, memory, disk, caches and network, and say how to mend what is wrong.

    Ends with 1 where something is broken. Warnings and notes are no faults.
    """
    from keras_transfer_gen.cli.console import ConsoleReporter, print_json, print_table
    from keras_transfer_gen.recipes.machine.doctor import examine, is_well

    with ConsoleReporter() as reporter:
        findings = examine(reporter)
    well = is_well(findings)
    if json:
        print_json({"ok": well, "findings": [finding.to_dict() for finding in findings]})
    else:
        rows = [(finding.area, finding.name, finding.status, finding.text) for finding in findings]
        print_table("this machine", ["area", "what", "", ""], rows)
        for finding in findings:
            if finding.fix:
                print(f"{finding.status}: {finding.name}: {finding.text}. {finding.fix}")
        print(
            "Everything that is needed works." if well else "Something is broken: see the lines that begin with fault."
        )
    if not well:
        raise typer.Exit(FAULT)


@guarded
def cache(clear: Clear = False, json: o.Json = False, debug: o.Debug = False) -> None:
    """Show what the cache holds and where, or clear it. Models of TF Hub's own cache are shown and never removed."""
    from keras_transfer_gen.cli.console import print_json, print_table
    from keras_transfer_gen.recipes.machine import cache_contents
    from keras_transfer_gen.recipes.machine.finding import megabytes

    freed, left = cache_contents.clear_cache() if clear else (0, [])
    parts, (hub, hub_size) = cache_contents.cache_parts(), cache_contents.hub_cache()
    root = cache_contents.cache_folder()
    if json:
        print_json({
            "path": str(root), "bytes": sum(part.size for part in parts), "parts": [part.to_dict() for part in parts],
            "hub": {"path": str(hub) if hub else None, "bytes": hub_size}, "cleared": clear, "freed_bytes": freed,
            "left": left,
        })  # fmt: skip
        return
    if clear:
        print(f"removed {megabytes(freed)} from {root}")
        for path in left:
            print(f"could not be removed, or is in use: {path}")
    rows = [(part.name, part.words, str(len(part.entries)), megabytes(part.size)) for part in parts]
    print_table(f"cache in {root}", ["folder", "holds", "entries", "size"], rows)
    for part in parts:
        if part.others:
            print(f"{part.path} also holds {len(part.others)} entries that ktg did not write; they are never removed")
    if hub is not None:
        print(f"models of TF Hub: {megabytes(hub_size)} in {hub}, shared with other programs, never removed by ktg")
