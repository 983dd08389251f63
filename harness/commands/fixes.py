"""`firstbyte fixes`: the popular fixes behind every edge, each cell with its evidence."""

import argparse
import os
import sys
from pathlib import Path

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.commands.printing import out
from firstbyte.harness.fixes.catalogue import FIXES, Fix, fix_ids
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.version import package_version

PAGE = "fixes.md"


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_option = parser.add_argument
    add_option("--edge", action="append", default=[], metavar="NAME", help="only this edge, with evidence")
    add_option("--fix", action="append", default=[], metavar="NAME", help="only this fix; repeatable")
    add_option("--grid", type=Path, metavar="FILE", help="results of `firstbyte grid --json`, to join")
    add_option("--json", metavar="FILE|-", help="write the cells as JSON; '-' gives stdout to it alone")
    add_option("--docs", nargs="?", type=Path, const=Path("docs"), metavar="DIR", help=f"write {PAGE} there")


def run(options: argparse.Namespace) -> int:
    """Play every cell and show them. Always 0: no edge is a subject."""
    from firstbyte.harness.fixes import table  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.fixes.cell import document  # noqa: PLC0415
    from firstbyte.harness.fixes.measured import joined, read_grid  # noqa: PLC0415
    from firstbyte.harness.fixes.play import all_cells  # noqa: PLC0415
    from firstbyte.harness.loader import profile_names  # noqa: PLC0415
    from firstbyte.harness.report import json_out  # noqa: PLC0415
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    grid = read_grid(options.grid) if options.grid else {}
    edges = tuple(dict.fromkeys(options.edge)) or profile_names()
    fixes = _fixes(options.fix)
    with Progress(len(edges), terminal_of(sys.stderr, os.environ), lambda: monotonic_ns() / 1e9) as progress:
        cells = joined(all_cells(edges, fixes, os.cpu_count() or 1, progress.advance), grid)
    if options.json:
        json_out.write(document(cells, package_version()), options.json)
    if options.docs is not None:
        options.docs.mkdir(parents=True, exist_ok=True)
        json_out.replace(options.docs / PAGE, table.page(cells).encode(), option="--docs")
    lines = [*table.terminal_lines(cells), *(table.evidence_lines(cells) if options.edge else ())]
    if options.json == json_out.STANDARD_OUTPUT:
        sys.stderr.write("\n".join(lines) + "\n")
    else:
        out("\n".join(lines))
    return 0


def _fixes(names: list[str]) -> tuple[Fix, ...]:
    for name in names:
        if name not in fix_ids():
            raise BadInput(f"--fix: there is no fix '{name}'{did_you_mean(name, fix_ids())}")
    return tuple(fix for fix in FIXES if not names or fix.id in names)
