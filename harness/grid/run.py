"""Makes the grid: the emulated side in virtual time, on all processors, then the real side on loopback."""

import asyncio
import os
from collections.abc import Callable, Sequence

import msgspec

from firstbyte.harness.grid.cell import Cell, GridCell
from firstbyte.harness.grid.differences import Difference, is_as_listed, with_reasons
from firstbyte.harness.grid.emulated import emulate
from firstbyte.harness.grid.measured import measure
from firstbyte.harness.grid.plan import Contender, contender, pairs
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.problems import Problem
from firstbyte.harness.process.forked import map_forked

SLOWER = 3
FEWER = 12
_WORTH_FORKING = 40


def emulated_cells(
    shapes: Sequence[Shape], contenders: Sequence[Contender], on_done: Callable[[str], None]
) -> tuple[GridCell, ...]:
    """Every shape behind every emulated edge; the real sides are None."""
    todo = list(pairs(shapes, contenders))
    processes = (os.cpu_count() or 1) if len(todo) >= _WORTH_FORKING else 1
    return map_forked(
        _emulated_cell,
        todo,
        lambda cell: on_done(f"{cell.shape} {cell.product} emulated"),
        processes=processes,
    )


def _emulated_cell(pair: tuple[Shape, Contender]) -> GridCell:
    shape, behind = pair
    return GridCell(
        shape=shape.id,
        product=behind.product.name,
        product_version=behind.version,
        emulated=emulate(shape, behind.profile, behind.limit),
        real=None,
    )


class Grid:
    """The cells on their way: emulated first, then joined with what was measured."""

    def __init__(self, cells: Sequence[GridCell], on_done: Callable[[str], None]) -> None:
        self._cells = {(cell.shape, cell.product): cell for cell in cells}
        self._on_done = on_done

    def __repr__(self) -> str:
        return f"<Grid {sum(cell.real is not None for cell in self._cells.values())} measured>"

    def take(self, shape: str, product: str, side: Cell) -> bool:
        """Join a measured side; whether the cell is as listed now."""
        is_first = self._cells[shape, product].real is None
        self._cells[shape, product] = msgspec.structs.replace(self._cells[shape, product], real=side)
        if is_first:
            self._on_done(f"{shape} {product} real")
        return is_as_listed(self._cells[shape, product])

    def cells(self) -> tuple[GridCell, ...]:
        """All, shape by shape."""
        return tuple(self._cells.values())


def whole_grid(
    shapes: Sequence[Shape],
    contenders: Sequence[Contender],
    known: dict[tuple[str, str], Difference],
    factor: float,
    jobs: int,
    on_done: Callable[[str], None],
) -> tuple[GridCell, ...]:
    """Both sides of every cell.

    A cell that is not as listed is played once more with longer limits: on a busy machine 15 % of a short
    one is soon lost.
    """
    cells = _both_sides(shapes, contenders, known, factor, jobs, on_done)
    odd = {(cell.shape, cell.product) for cell in cells if not is_as_listed(cell)}
    if not odd:
        return cells
    slow = factor / SLOWER
    again = _both_sides(
        [shape for shape in shapes if shape.id in {name for name, _ in odd}],
        [contender(one.product, slow) for one in contenders if one.product.name in {name for _, name in odd}],
        known,
        slow,
        min(jobs, FEWER),
        lambda _what: None,  # progress has counted these cells already
    )
    better = {(cell.shape, cell.product): cell for cell in again if (cell.shape, cell.product) in odd}
    return tuple(better.get((cell.shape, cell.product), cell) for cell in cells)


def _both_sides(
    shapes: Sequence[Shape],
    contenders: Sequence[Contender],
    known: dict[tuple[str, str], Difference],
    factor: float,
    jobs: int,
    on_done: Callable[[str], None],
) -> tuple[GridCell, ...]:
    grid = Grid(with_reasons(emulated_cells(shapes, contenders, on_done), known), on_done)
    try:
        asyncio.run(measure(contenders, shapes, factor, jobs, grid.take))
    except BaseExceptionGroup as group:
        problems = [error for error in group.exceptions if isinstance(error, Problem)]
        if problems:
            raise problems[0] from group
        raise
    return grid.cells()
