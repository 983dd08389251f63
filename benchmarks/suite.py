"""The whole suite in sim with two processes, as a user runs it."""

import re
from collections.abc import Iterator

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.processes import FIRSTBYTE, PYTHON, alternating
from benchmarks.start import IMPORTS

PROCESSES = 2
GOAL = 10.0
GOAL_MIXED = 5.0
_RUNS = re.compile(r"^(\d+) runs", re.M)


def measure(rounds: int, *, part: str = "", uncounted: int = 1) -> Iterator[Figure]:
    """Wall time and CPU per run. part: such as '1/4', only that shard, which no goal is stated for."""
    command = (FIRSTBYTE, "run", "-j", str(PROCESSES))
    commands = {"imports": (PYTHON, "-c", IMPORTS), "suite": (*command, *(("--shard", part) if part else ()))}
    if not part:
        commands["twice"] = (*command, "*", "*")
    costs = alternating(commands, rounds, uncounted=uncounted)
    walls = [cost.wall for cost in costs["suite"]]
    runs = int(_RUNS.findall(costs["suite"][0].output)[-1])
    which = f"part {part} of the suite" if part else "whole suite"
    yield Figure(
        id="suite.wall", what=f"firstbyte run: {which}, {runs} runs, {PROCESSES} processes", unit="s",
        value=spread(walls), beside="bare imports",
        ratio=ratios(walls, [cost.wall for cost in costs["imports"]]),
        goal="" if part else f"< {GOAL:g} s on 2 cores", met="" if part else at_most(walls, GOAL),
        how="some runs are several plays: one for each value an unknown key may have",
    )  # fmt: skip
    if not part:
        yield _mixed([cost.wall for cost in costs["twice"]], costs["twice"][0].output)
    yield Figure(
        id="suite.cpu", what="CPU for each run of it, start and report included", unit="µs",
        value=spread([cost.cpu / runs * 1e6 for cost in costs["suite"]]),
    )  # fmt: skip


def _mixed(walls: list[float], output: str) -> Figure:
    runs = int(_RUNS.findall(output)[-1])
    return Figure(
        id="suite.mixed", what=f"firstbyte run: {runs:,} mixed runs, {PROCESSES} processes", unit="s",
        value=spread(walls), goal=f"1,000 in < {GOAL_MIXED:g} s on 2 cores",
        met=at_most(walls, [GOAL_MIXED * max(1.0, runs / 1_000)] * len(walls)), how="the suite twice",
    )  # fmt: skip
