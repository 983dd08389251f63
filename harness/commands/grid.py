"""`firstbyte grid`: every wire shape behind every product, emulated and real in one run."""

import argparse
import os
import sys
from pathlib import Path

from firstbyte.harness.clock import monotonic_ns, today
from firstbyte.harness.commands import common, site
from firstbyte.harness.grid.cell import GridCell
from firstbyte.harness.grid.plan import Contender, contender, emulated_contender, shapes_of
from firstbyte.harness.problems import MissingTool
from firstbyte.harness.version import package_version
from firstbyte.proxies.real.catalogue import PRODUCTS, product

TIME_SCALE = 30.0
"""Limits of 2 s for 60: the shortest at which every product keeps its time on a small machine."""
JOBS = 48


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--real", action="append", default=[], metavar="NAME", help="only this product; repeatable"
    )
    parser.add_argument(
        "--shape", action="append", default=[], metavar="NAME", help="only this shape; repeatable"
    )
    parser.add_argument(
        "--emulated-only", action="store_true", help="the emulated side alone, in virtual time"
    )
    parser.add_argument(
        "--time-scale",
        type=common.positive,
        default=TIME_SCALE,
        metavar="N",
        help=f"the real side: limits of 60 s divided by N (default: {TIME_SCALE:g})",
    )
    parser.add_argument(
        "-j", "--jobs", type=common.count, default=JOBS, metavar="N", help=f"cells at once (default: {JOBS})"
    )
    parser.add_argument(
        "--json", metavar="FILE|-", help="write the cells as JSON; '-' gives stdout to it alone"
    )
    site.add(parser)
    parser.add_argument("--docs", type=Path, metavar="DIR", help="write grid.md and grid.html there")


def run(options: argparse.Namespace) -> int:
    """Run and report; 1 when a cell is not as listed."""
    from firstbyte.harness.grid.cell import document  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.grid.differences import is_as_listed, listed  # noqa: PLC0415
    from firstbyte.harness.grid.pages import write_pages  # noqa: PLC0415
    from firstbyte.harness.grid.run import emulated_cells, whole_grid  # noqa: PLC0415
    from firstbyte.harness.grid.table import table  # noqa: PLC0415
    from firstbyte.harness.report import json_out  # noqa: PLC0415
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    shapes, known = shapes_of(options.shape), listed()
    contenders = _contenders(options)
    total = len(shapes) * len(contenders) * (1 if options.emulated_only else 2)
    with Progress(total, terminal_of(sys.stderr, os.environ), lambda: monotonic_ns() / 1e9) as progress:
        if options.emulated_only:
            cells = emulated_cells(shapes, contenders, progress.advance)
        else:
            cells = whole_grid(shapes, contenders, known, options.time_scale, options.jobs, progress.advance)
    if options.json:
        json_out.write(document(cells, package_version()), options.json)
    if options.html is not None:
        _write_page(cells, options.html)
    if options.docs is not None:
        write_pages(options.docs, cells, contenders, known, today(), options.time_scale)
    stream = sys.stderr if options.json == json_out.STANDARD_OUTPUT else sys.stdout
    terminal = terminal_of(stream, os.environ)
    terminal.show(table(cells, terminal.width))
    return 0 if all(cell.real is None or is_as_listed(cell) for cell in cells) else 1


def _write_page(cells: tuple[GridCell, ...], folder: Path) -> None:
    from firstbyte.harness.grid.site import site_of  # noqa: PLC0415 - only when a page is written
    from firstbyte.harness.report.site.charts import counts_by_column  # noqa: PLC0415

    page = site_of(cells, site.facts())
    site.write(page, folder, [counts_by_column(page)])


def _contenders(options: argparse.Namespace) -> tuple[Contender, ...]:
    """Those asked for, or all that this machine has; the missing ones are named. In CI all must be there."""
    chosen = [product(name) for name in dict.fromkeys(options.real or PRODUCTS)]
    if options.emulated_only:
        return tuple(emulated_contender(one) for one in chosen)
    found: list[Contender] = []
    for one in chosen:
        try:
            found.append(contender(one, options.time_scale))
        except MissingTool as missing:
            if options.real or os.environ.get("CI"):
                raise
            sys.stderr.write(f"firstbyte grid: without {missing}\n")
    if not found:
        raise MissingTool("grid: none of the products is on this machine; `make setup` installs them")
    return tuple(found)
