"""The cost of a run in real mode when the answer comes immediately."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from benchmarks.figures import Figure, ratios, spread
from benchmarks.plays import plan_of
from benchmarks.processes import PYTHON, cost_of
from benchmarks.rounds import in_rounds
from firstbyte.harness.model.result import Outcome
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.play import run_real

SCENARIO = "w2-204-bare"
INTERPRETER = "python -c pass"
EDGES = ("direct", "cloudflare")


def measure(rounds: int) -> Iterator[Figure]:
    """The first run of a process, which loads everything; then later ones, direct and behind an edge."""
    real = Options(mode="real")
    chosen = {edge: msgspec.structs.replace(plan_of(SCENARIO, edge), options=real) for edge in EDGES}
    first = _seconds(chosen["direct"])
    works: dict[str, Callable[[], float]] = {edge: partial(_seconds, plan) for edge, plan in chosen.items()}
    works[INTERPRETER] = lambda: cost_of((PYTHON, "-c", "pass")).wall
    taken = in_rounds(rounds, works)
    yield Figure(
        id="real.first", what=f"first real run of a process, {SCENARIO}[direct]", unit="s",
        value=spread([first]), how="starts the process that has all loaded and forks origins and edges",
    )  # fmt: skip
    for edge in EDGES:
        yield Figure(
            id=f"real.{edge}", what=f"a later real run, {SCENARIO}[{edge}]", unit="s",
            value=spread(taken[edge]), beside=INTERPRETER, ratio=ratios(taken[edge], taken[INTERPRETER]),
            how="fork, ready, exchange, account, verdict, end",
        )  # fmt: skip


def _seconds(plan: Plan) -> float:
    began = time.perf_counter()  # noqa: TID251 - it measures
    run = asyncio.run(run_real(plan))
    taken = time.perf_counter() - began  # noqa: TID251 - it measures
    if run.outcome in (Outcome.SETUP_ERROR, Outcome.HARNESS_ERROR):
        raise RuntimeError(f"{run.name} could not be run: {run.problem}")
    return taken
