"""What a soak came to: a table of 80 columns, sentences on what was not played, and the same as JSON."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from firstbyte.harness.report.plain import visible
from tests.soak.playing import Soak, Tally

ROW = "{:<12}{:>9} {:>9} {:<9}{:>9}{:>10}{:>10}{:>10}"
HEAD = ROW.format("part", "rounds", "cases", "", "held up", "skipped", "failures", "seconds")
SHOWN = 70


def table(soak: Soak) -> Iterator[str]:
    """Lines of at most 80 columns; those of failures are as long as their replay lines."""
    yield HEAD.rstrip()
    for one in soak.tallies:
        yield _row(one)
    yield f"seeds from {soak.seed}; {length(soak.elapsed)} in all"
    for one in soak.tallies:
        yield from failures(one)
    yield from gaps(soak)


def _row(one: Tally) -> str:
    counts = (one.held_up, len(one.skipped), len(one.failures), f"{one.seconds:.0f}")
    return ROW.format(one.part.name, f"{one.rounds}/{one.part.whole}", one.cases, one.part.unit, *counts)


def failures(one: Tally, after: int = 0) -> Iterator[str]:
    """Two lines for each failure, without the first ones."""
    for failure in one.failures[after:]:
        yield f"failure in {one.part.name}, seed {failure.seed}: {visible(failure.what)[:SHOWN]}"
        yield f"  again: {failure.replay}"


def gaps(soak: Soak) -> Iterator[str]:
    """What was not played, and what was and proves nothing."""
    if soak.interrupted:
        yield "interrupted: the round it came in does not count"
    for one in soak.tallies:
        if not one.rounds:
            yield f"not reached: {one.part.name}"
        elif one.rounds < one.part.whole:
            yield f"not to its end: {one.part.name}, {one.rounds} of {one.part.whole} rounds"
        for why, times in Counter(one.skipped).items():
            yield f"skipped in {one.part.name}, {times} times: {visible(why)}"
        if one.held_up:
            yield f"held up by this machine in {one.part.name}: {one.held_up} cases, which prove nothing"
    if soak.limit is not None and not soak.interrupted and soak.unused >= 1:
        yield f"not used: {length(soak.unused)} of {length(soak.limit)}; no round fits in"


def document(soak: Soak, version: str) -> dict[str, Any]:
    """The JSON document: plain types, seconds as floats."""
    return {
        "schema": 1,
        "firstbyte": version,
        "seed": soak.seed,
        "seconds": round(soak.elapsed, 1),
        "limit_seconds": soak.limit,
        "interrupted": soak.interrupted,
        "parts": [_record(one) for one in soak.tallies],
        "gaps": list(gaps(soak)),
    }


def _record(one: Tally) -> dict[str, Any]:
    return {
        "part": one.part.name,
        "rounds": one.rounds,
        "rounds_of_all": one.part.whole,
        "cases": one.cases,
        "unit": one.part.unit,
        "held_up": one.held_up,
        "skipped": len(one.skipped),
        "failures": [
            {"what": failure.what, "seed": failure.seed, "replay": failure.replay} for failure in one.failures
        ],
        "seconds": round(one.seconds, 1),
    }


def exit_code(soak: Soak) -> int:
    """1 for any failure, 130 for a soak that was interrupted without one, else 0."""
    if any(one.failures for one in soak.tallies):
        return 1
    return 130 if soak.interrupted else 0


def length(seconds: float) -> str:
    """For people: 45s, 12min, 1h40min."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole}s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours}h{minutes:02d}min" if hours else f"{minutes}min"
