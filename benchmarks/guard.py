"""Compares ratios with the stored ones: `make bench-check` fails if one is worse by more than the tolerance.

Only ratios of one round are compared, because absolute figures depend on the machine. Each stored ratio names
its figure by id, so that only equal measurements are compared.
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
    """Return the figures whose ratio is out of tolerance. Figures that are not stored are skipped."""
    for one in figures:
        if one.ratio is None or one.id not in stored:
            continue
        before, now = stored[one.id], one.ratio.median
        more_is_better = (one.unit in _MORE_IS_BETTER) is not (one.beside == OURS)
        factor = before / now if more_is_better else now / before
        if factor > TOLERANCE:
            yield Worse(figure=one, stored=before, now=now)


def read_stored() -> dict[str, float]:
    """Return the stored ratios."""
    return msgspec.json.decode(STORED.read_bytes(), type=dict[str, float]) if STORED.exists() else {}


def store(figures: Sequence[Figure]) -> None:
    """Store these ratios, replacing those of the same figures."""
    kept = dict(sorted({**read_stored(), **ratios_of(figures)}.items()))
    STORED.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
