"""What each fix did behind the real products, measured by `firstbyte fixes --real` and kept in a file.

Pure but for reading the file. Where a product was measured, that is the result: an emulation that says
something else is named, and a test fails.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

import firstbyte.proxies.real as real_products
from firstbyte.harness.fixes.cell import Cell, Result
from firstbyte.harness.problems import BadInput

FILE = Path(real_products.__path__[0]) / "fixes.json"
type Key = tuple[str, str]


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fix behind one product. seen: what the client was told. scale: limits were divided by it."""

    fix: str
    edge: str
    version: str
    date: str
    scale: float
    result: Result
    seen: str


def read_measured(path: Path = FILE) -> dict[Key, Measured]:
    """All that was kept, by fix and edge. BadInput when the file is none of ours."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=tuple[Measured, ...])
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: {error}; write it anew with `firstbyte fixes --real --record`") from error
    return {(one.fix, one.edge): one for one in kept}


def file_content(measured: Iterable[Measured]) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(tuple(measured)), indent=1) + b"\n"


def joined(cells: Sequence[Cell], measured: Mapping[Key, Measured]) -> tuple[Cell, ...]:
    """The cells, with what was measured where there is something."""
    return tuple(
        _joined(cell, one) if (one := measured.get((cell.fix, cell.edge))) else cell for cell in cells
    )


def _joined(cell: Cell, measured: Measured) -> Cell:
    limits = f"limits / {measured.scale:g}" if measured.scale != 1 else "limits as they are"
    evidence = f"measured on {measured.edge} {measured.version}, {measured.date}, {limits}: {measured.seen}"
    if cell.result is not measured.result:
        evidence += f"; emulated differs, {cell.result}"
    return msgspec.structs.replace(
        cell, result=measured.result, evidence=f"{evidence}; {cell.evidence}", measured=True
    )
