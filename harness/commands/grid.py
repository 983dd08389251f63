"""`firstbyte grid`: every wire shape behind every product, emulated and real in one run."""

import os
import sys

from firstbyte.harness.clock import today
from firstbyte.harness.commands import console, site
from firstbyte.harness.commands.options import GridOptions
from firstbyte.harness.grid.cell import document
from firstbyte.harness.grid.differences import is_as_listed, listed
from firstbyte.harness.grid.pages import write_pages
from firstbyte.harness.grid.plan import Contender, contender, emulated_contender, shapes_of
from firstbyte.harness.grid.run import emulated_cells, whole_grid
from firstbyte.harness.grid.site import site_of
from firstbyte.harness.grid.table import table
from firstbyte.harness.problems import MissingTool
from firstbyte.harness.report import json_out
from firstbyte.harness.report.site.charts import counts_by_column
from firstbyte.harness.version import package_version
from firstbyte.proxies.real.catalogue import PRODUCTS, product


def run(options: GridOptions) -> int:
    """Run and report; 1 when a cell is not as listed."""
    shapes, known = shapes_of(options.shape), listed()
    contenders = _contenders(options)
    total = len(shapes) * len(contenders) * (1 if options.emulated_only else 2)
    with console.progress_line(total) as progress:
        if options.emulated_only:
            cells = emulated_cells(shapes, contenders, progress.advance)
        else:
            cells = whole_grid(shapes, contenders, known, options.time_scale, options.jobs, progress.advance)
    if options.json:
        json_out.write(document(cells, package_version()), options.json)
    if options.html is not None:
        page = site_of(cells, site.facts())
        site.write(page, options.html, [counts_by_column(page)])
    if options.docs is not None:
        write_pages(options.docs, cells, contenders, known, today(), options.time_scale)
    terminal = console.result_terminal(options.json)
    terminal.show(table(cells, terminal.width))
    return 0 if all(cell.real is None or is_as_listed(cell) for cell in cells) else 1


def _contenders(options: GridOptions) -> tuple[Contender, ...]:
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
