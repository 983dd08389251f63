"""Joins the fix table with a grid document: what products did with the shape nearest to each fix."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.fixes.catalogue import FIXES
from firstbyte.harness.fixes.cell import Cell
from firstbyte.harness.problems import BadInput

type Grid = Mapping[tuple[str, str], Mapping[str, Any]]


def read_grid(path: Path) -> Grid:
    """The cells of `firstbyte grid --json FILE`, by shape and product. BadInput when it is none."""
    try:
        cells = msgspec.json.decode(path.read_bytes())["cells"]
        return {(cell["shape"], cell["product"]): cell for cell in cells}
    except OSError as error:
        raise BadInput(f"--grid: {path}: can't be read: {error.strerror}") from error
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        cure = "write one with `firstbyte grid --json FILE`"
        raise BadInput(f"--grid: {path}: is no grid document ({type(error).__name__}); {cure}") from error


def joined(cells: Sequence[Cell], grid: Grid) -> tuple[Cell, ...]:
    """The same cells; where the grid has measured the product, the evidence says so."""
    return tuple(_joined(cell, grid) for cell in cells)


def _joined(cell: Cell, grid: Grid) -> Cell:
    like = next(fix.like for fix in FIXES if fix.id == cell.fix)
    found = grid.get((like, cell.edge))
    if found is None or not found.get("real"):
        return cell
    real = found["real"]
    product = f"{found['product']} {found.get('product_version', '')}".strip()
    agrees = "as emulated" if found.get("agree") else "not as emulated"
    said = f"measured: {product} gave {real['status']} {real['end']} on the shape {like}, {agrees}"
    return msgspec.structs.replace(cell, evidence=f"{cell.evidence}; {said}")
