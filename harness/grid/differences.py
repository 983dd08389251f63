"""The differences that are known and why: a file that the grid is held against.

Pure but for reading the file. It must never let a difference pass that is not listed, nor keep one that has
gone.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

import firstbyte.proxies.real as real_products
from firstbyte.harness.files.loader import decode, read_toml, shape_names
from firstbyte.harness.grid.cell import GridCell, differences
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.proxies.real.catalogue import PRODUCTS

MOST = 3
"""For one product: more, and the profile or the edge is wrong."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cell that does not agree. source: address of a document, or of a line of the product's source.

    may_be: where the product's own answer differs from run to run, the statuses it has beside the emulated
    one. Nothing else may differ then.
    """

    product: str
    shape: str
    reason: str
    source: str
    may_be: tuple[int, ...] = ()


class Differences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    difference: tuple[Difference, ...] = ()


def listed(path: Path | None = None) -> dict[tuple[str, str], Difference]:
    """By shape and product. BadInput when one names what is not there, or a product has too many."""
    file = path or Path(real_products.__path__[0]) / "differences.toml"
    entries = decode(read_toml(file), Differences, file).difference
    for complaint in _complaints(entries):
        raise BadInput(f"{file}: {complaint}")
    return {(one.shape, one.product): one for one in entries}


def _complaints(entries: Sequence[Difference]) -> Iterator[str]:
    names = [one.product for one in entries]
    for one in entries:
        if one.product not in PRODUCTS:
            yield f"there is no product '{one.product}'{did_you_mean(one.product, PRODUCTS)}"
        if one.shape not in shape_names():
            yield f"there is no shape '{one.shape}'{did_you_mean(one.shape, shape_names())}"
        if not (one.reason.strip() and one.source.strip()):
            yield f"{one.product}, {one.shape}: has no reason or no source; say why, and where it is written"
        elif "https://" not in one.source:
            yield f"{one.product}, {one.shape}: source has no https:// address; give the document or the line"
        if names.count(one.product) > MOST:
            yield f"{one.product} has {names.count(one.product)} differences; {MOST} may be, mend the profile"


def with_reasons(cells: Sequence[GridCell], known: dict[tuple[str, str], Difference]) -> tuple[GridCell, ...]:
    """The cells, with the reason of each that is listed."""
    return tuple(
        msgspec.structs.replace(cell, listed_reason=one.reason, may_be=one.may_be)
        if (one := known.get((cell.shape, cell.product)))
        else cell
        for cell in cells
    )


def is_as_listed(cell: GridCell) -> bool:
    """Agrees and is not listed, or differs and is, or is one of those that a listed product chooses from."""
    if not cell.may_be:
        return cell.agree is not bool(cell.listed_reason)
    if cell.agree or cell.real is None:
        return True
    return cell.real.status in cell.may_be and differences(cell.emulated, cell.real) == ("status",)


def surprises(cells: Sequence[GridCell]) -> Iterator[str]:
    """A line for each cell that is not as listed: what differs, or that nothing does any more."""
    for cell in cells:
        if is_as_listed(cell) or cell.real is None:
            continue
        where = f"{cell.shape} behind {cell.product} {cell.product_version}"
        if cell.agree:
            yield f"{where}: is listed as different and agrees; take it out of proxies/real/differences.toml"
            continue
        parts = ", ".join(
            f"{name} emulated {_shown(cell.emulated, name)}, real {_shown(cell.real, name)}"
            for name in differences(cell.emulated, cell.real)
        )
        yield f"{where}: {parts}; mend the profile, or list it with a reason and a source"


def _shown(side: object, name: str) -> str:
    value = getattr(side, name)
    return f"{value / 1_000_000:.1f}s" if name == "at" else str(value)
