"""What one wire shape came to behind one edge, and whether emulated and real agree. Pure data and rules."""

from collections.abc import Sequence
from typing import Any

import msgspec

from firstbyte.harness.model.result import SCHEMA
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.units import Duration, as_seconds

TOLERANCE = 0.15
"""Of the limit: how far apart the two ends may lie."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a cell. at, limit: microseconds in the world of limits of 60 s.

    status: None = no final header. end: complete | truncated | reset | open (the client had waited long
    enough). origin_saw: what the edge did to the origin's connection: fin | rst | nothing.
    """

    status: int | None
    end: str
    at: int
    limit: Duration
    origin_requests: int
    origin_saw: str
    events: tuple[Event, ...] = ()


class GridCell(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides. real: None when only the emulated side was asked for.

    listed_reason: from the file of listed differences; "" when it is not in it.
    may_be: statuses that the product gives now and then beside the emulated one.
    """

    shape: str
    product: str
    product_version: str
    emulated: Cell
    real: Cell | None
    listed_reason: str = ""
    may_be: tuple[int, ...] = ()

    @property
    def agree(self) -> bool:
        """Whether both sides tell a client the same, at the same time, for as many requests."""
        return self.real is not None and not differences(self.emulated, self.real)


def differences(emulated: Cell, real: Cell) -> tuple[str, ...]:
    """In what they differ: names of the fields that count."""
    found = [
        name
        for name in ("status", "end", "origin_requests")
        if getattr(emulated, name) != getattr(real, name)
    ]
    if abs(emulated.at - real.at) > TOLERANCE * emulated.limit:
        found.append("at")
    return tuple(found)


def document(cells: Sequence[GridCell], version: str) -> dict[str, Any]:
    """The JSON document of `firstbyte grid --json`."""
    return {"schema": SCHEMA, "firstbyte": version, "cells": [_record(one) for one in cells]}


def _record(cell: GridCell) -> dict[str, Any]:
    return {
        "shape": cell.shape,
        "product": cell.product,
        "product_version": cell.product_version,
        "emulated": cell_record(cell.emulated),
        "real": None if cell.real is None else cell_record(cell.real),
        "agree": cell.agree,
        "listed_reason": cell.listed_reason,
    }


def cell_record(cell: Cell) -> dict[str, Any]:
    """One CELL of the document."""
    return {
        "status": cell.status,
        "end": cell.end,
        "at_s": as_seconds(cell.at),
        "limit_s": as_seconds(cell.limit),
        "origin_requests": cell.origin_requests,
        "origin_saw": cell.origin_saw,
    }
