"""The cost of one play in virtual time, its parts, and the speed of simulated time."""

import gc
import time
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.plays import BARE, HERO, Play, plays
from benchmarks.rounds import in_rounds
from benchmarks.sampling import shares

GOAL_MICROSECONDS = 1_500.0
SIMULATED = 130.0
"""Virtual seconds of act 1: the model's delay."""
WARM_UP = 20
HOW = "CPU time of the process"
HOW_BARE = f"one POST, 204 by stock uvicorn and a Starlette of one route, in sim; {HOW}"


def measure(rounds: int, each: int, rows: Sequence[int]) -> Iterator[Figure]:
    """`rounds` rounds of `each` plays of everything; then the split, and rows of so many plays."""
    all_plays = plays()
    for play in all_plays.values():
        microseconds(play, WARM_UP)
    works = {name: partial(microseconds, play, each) for name, play in all_plays.items()}
    taken = in_rounds(rounds, works)
    yield from _costs(taken)
    yield _speed(all_plays[HERO], rounds, each)
    yield from _split(all_plays[HERO], taken[HERO], rounds * each)
    for row in rows:
        yield _many(all_plays[HERO], taken[HERO], row)


def _costs(taken: dict[str, list[float]]) -> Iterator[Figure]:
    for name, samples in taken.items():
        has_goal = name == HERO
        yield Figure(
            id=f"play.{name}", what=f"one play: {name}", unit="µs", value=spread(samples),
            beside="" if name == BARE else BARE, ratio=None if name == BARE else ratios(samples, taken[BARE]),
            goal=f"{GOAL_MICROSECONDS:g} µs, later" if has_goal else "",
            met=at_most(samples, GOAL_MICROSECONDS) if has_goal else "",
            how=HOW_BARE if name == BARE else HOW,
        )  # fmt: skip


def _speed(play: Play, rounds: int, each: int) -> Figure:
    rates = []
    for _ in range(rounds):
        began = time.perf_counter()  # noqa: TID251 - it measures
        for _ in range(each):
            play()
        rates.append(SIMULATED * each / (time.perf_counter() - began))  # noqa: TID251 - it measures
    return Figure(
        id="play.speed", what=f"simulated seconds in a second of wall time, {HERO}", unit="s/s",
        value=spread(rates), how=f"{SIMULATED:g} s of virtual time a play",
    )  # fmt: skip


def _split(play: Play, samples: list[float], times: int) -> Iterator[Figure]:
    for part, share in shares(play, times).items():
        yield Figure(
            id=f"split.{part}", what=f"of it, {part}", unit="µs",
            value=spread([share * each for each in samples]), beside=HERO, ratio=spread([share]),
            how="share by sampling every 0.5 ms, times the cost measured without sampling",
        )  # fmt: skip


def _many(play: Play, samples: list[float], times: int) -> Figure:
    many = microseconds(play, times)
    return Figure(
        id=f"play.many.{times}", what=f"each of {times:,} plays in a row, {HERO}", unit="µs",
        value=spread([many]), beside="a short row", ratio=spread([many / spread(samples).median]),
        how="1.00 x: the cost is linear",
    )  # fmt: skip


def microseconds(play: Play, times: int) -> float:
    """CPU time of one of `times` plays in a row."""
    gc.collect()  # or it would pay for what the play before it has left
    began = time.process_time()
    for _ in range(times):
        play()
    return (time.process_time() - began) / times * 1e6
