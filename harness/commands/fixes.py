"""`firstbyte fixes`: the popular fixes behind every edge, each cell with its evidence."""

import os
import sys
from collections.abc import Sequence

from firstbyte.harness.clock import today
from firstbyte.harness.commands.console import progress_line
from firstbyte.harness.commands.options import FIXES_PAGE, FixesOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import profile_names
from firstbyte.harness.files.replace import replace
from firstbyte.harness.fixes import table
from firstbyte.harness.fixes.catalogue import FIXES, Fix, fix_ids
from firstbyte.harness.fixes.cell import document
from firstbyte.harness.fixes.measured import FILE, Key, Measured, file_content, joined, read_measured
from firstbyte.harness.fixes.play import all_cells
from firstbyte.harness.fixes.real import measure_fixes
from firstbyte.harness.problems import BadInput, MissingTool, did_you_mean
from firstbyte.harness.report import json_out
from firstbyte.harness.version import package_version
from firstbyte.proxies.real.catalogue import PRODUCTS


def run(options: FixesOptions) -> int:
    """Play every cell and show them. Always 0: no edge is a subject."""
    if options.record and not options.real:
        raise BadInput("--record: without --real nothing is measured; add --real")
    edges = tuple(dict.fromkeys(options.edge)) or profile_names()
    fixes = _fixes(options.fix)
    measured = _measure(options, edges, fixes) if options.real else read_measured()
    with progress_line(len(edges)) as progress:
        cells = joined(all_cells(edges, fixes, os.cpu_count() or 1, progress.advance), measured)
    if options.json:
        json_out.write(document(cells, package_version()), options.json)
    if options.docs is not None:
        options.docs.mkdir(parents=True, exist_ok=True)
        replace(options.docs / FIXES_PAGE, table.page(cells).encode(), option="--docs")
    lines = [*table.terminal_lines(cells), *(table.evidence_lines(cells) if options.edge else ())]
    out("\n".join(lines), options.json)
    return 0


def _measure(options: FixesOptions, edges: Sequence[str], fixes: tuple[Fix, ...]) -> dict[Key, Measured]:
    """On the products that were asked for; without --edge on all that this machine has. In CI none may be
    missing.
    """
    products = [one for name, one in PRODUCTS.items() if name in edges]
    for one in products:
        if one.find() is None:
            missing = f"{one.name} is not on this machine; {one.install}, then run this again"
            if options.edge or os.environ.get("CI"):
                raise MissingTool(missing)
            sys.stderr.write(f"firstbyte fixes: without {missing}\n")
    here = [one for one in products if one.find() is not None]
    if not here:
        names = ", ".join(PRODUCTS)
        raise MissingTool(f"fixes --real: none of these edges is a product here; there are {names}")
    new = {(one.fix, one.edge): one for one in measure_fixes(here, fixes, options.time_scale, today())}
    if options.record:
        kept = read_measured() if FILE.exists() else {}
        replace(FILE, file_content((kept | new).values()), option="--record")
    return new


def _fixes(names: Sequence[str]) -> tuple[Fix, ...]:
    for name in names:
        if name not in fix_ids():
            raise BadInput(f"--fix: there is no fix '{name}'{did_you_mean(name, fix_ids())}")
    return tuple(fix for fix in FIXES if not names or fix.id in names)
