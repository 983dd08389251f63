"""The results of measurements: medians with their spread, ratios of samples of one round, goals.

Samples of different rounds are not compared: on a busy machine only neighbours are comparable.
"""

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

type Met = Literal["yes", "at best", "no", ""]


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Median, smallest and largest of several samples."""

    median: float
    low: float
    high: float
    samples: int


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the result.

    value: in `unit`. ratio: to `beside`, measured in the same rounds. met: whether the goal was reached by
    the median ('yes'), by the best sample only ('at best'), not at all ('no'), or '' without a goal. how:
    the method, where the name does not say it.
    """

    id: str
    what: str
    unit: str
    value: Spread
    beside: str = ""
    ratio: Spread | None = None
    goal: str = ""
    met: Met = ""
    how: str = ""


def spread(samples: Sequence[float]) -> Spread:
    """The spread of at least one sample."""
    return Spread(median=median(samples), low=min(samples), high=max(samples), samples=len(samples))


def ratios(samples: Sequence[float], peers: Sequence[float]) -> Spread:
    """Divide each sample by its peer of the same round."""
    return spread([one / other for one, other in zip(samples, peers, strict=True)])


def at_most(samples: Sequence[float], limits: Sequence[float] | float) -> Met:
    """Return how well the samples stay at or below one limit, or the limits of their rounds."""
    if isinstance(limits, float):
        limits = [limits] * len(samples)
    excess = [one - limit for one, limit in zip(samples, limits, strict=True)]
    return "yes" if median(excess) <= 0 else "at best" if min(excess) <= 0 else "no"
