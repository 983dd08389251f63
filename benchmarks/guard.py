"""Holds ratios against those that are stored: `make bench-check` fails when one has become worse than it may.

Only ratios of one round are compared: absolute figures are the machine's. It must never compare what was
measured once with what was measured otherwise, so each stored ratio names its figure by id.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.figures import Figure
from benchmarks.peers import OURS
from benchmarks.products import MITMDUMP, PEERS

STORED = Path(__file__).resolve().parent / "ratios.json"
TOLERANCE = 1.5
"""A ratio may be this many times worse than the stored one. Quiet machines repeat theirs within 1.2."""
_OTHERS = tuple(f".{name}" for name in ("direct", MITMDUMP, *PEERS))
_MORE_IS_BETTER = ("req/s", "events/s", "MB/s", "s/s")
"""Units. A peer's figure beside ours is the other way round: what takes it longer is good for us."""


class Worse(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio beyond the tolerance."""

    figure: Figure
    stored: float
    now: float

    def __str__(self) -> str:
        return (
            f"{self.figure.what}: {self.now:.2f} x {self.figure.beside}, stored {self.stored:.2f}; "
            f"more than {TOLERANCE:g} times worse"
        )


def ratios_of(figures: Sequence[Figure]) -> dict[str, float]:
    """The median ratio of each figure that has one and is about us."""
    return {
        one.id: round(one.ratio.median, 4)
        for one in figures
        if one.ratio is not None and one.beside and not one.id.endswith(_OTHERS)
    }


def worse(figures: Sequence[Figure], stored: dict[str, float]) -> Iterator[Worse]:
    """Every figure whose ratio is out of tolerance. What is not stored is not judged."""
    for one in figures:
        if one.ratio is None or one.id not in stored:
            continue
        before, now = stored[one.id], one.ratio.median
        more_is_better = (one.unit in _MORE_IS_BETTER) is not (one.beside == OURS)
        factor = before / now if more_is_better else now / before
        if factor > TOLERANCE:
            yield Worse(figure=one, stored=before, now=now)


def read_stored() -> dict[str, float]:
    """The stored ratios; none when nothing has been stored."""
    return msgspec.json.decode(STORED.read_bytes(), type=dict[str, float]) if STORED.exists() else {}


def store(figures: Sequence[Figure]) -> None:
    """Put these ratios in the place of the stored ones of the same figures."""
    kept = dict(sorted({**read_stored(), **ratios_of(figures)}.items()))
    STORED.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
