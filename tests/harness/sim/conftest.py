"""Runs a behaviour in virtual time over memory, and on asyncio's own loop over loopback."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from firstbyte.harness.sim import Sim, run_sim

type Behaviour = Callable[[], Awaitable[list[object]]]


def _simulated(body: Behaviour) -> list[object]:
    async def main(_sim: Sim) -> list[object]:
        return await body()

    return run_sim(main)


def _on_sockets(body: Behaviour) -> list[object]:
    async def main() -> list[object]:
        async with asyncio.timeout(20):
            return await body()

    return asyncio.run(main())


@pytest.fixture(params=[_simulated, _on_sockets], ids=["sim", "real"])
def on_both(request: pytest.FixtureRequest) -> Callable[[Behaviour], list[object]]:
    """Runs an async function and returns its log; every test that takes this runs twice."""
    runner: Callable[[Behaviour], list[object]] = request.param
    return runner
