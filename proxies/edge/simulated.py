"""An edge on a host of a simulation: the class that `firstbyte edge` runs, in virtual time."""

from collections.abc import Callable

from firstbyte.harness.model.timeline import Event
from firstbyte.harness.sim import Sim
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig
from firstbyte.tokens import base62

PORT = 80


def simulated_edge(
    sim: Sim,
    config: EdgeConfig,
    report: Callable[[Event], None],
    token: Callable[[int], str] | None = None,
) -> EdgeServer:
    """An edge with the clock of the simulation, not started. token: default = from the simulation's seed."""
    token = token or (lambda length: base62(sim.random, length))
    return EdgeServer(SharedEdge(config, clock=sim.clock, report=report, token=token))


async def start_edge(sim: Sim, edge: EdgeServer) -> tuple[str, int]:
    """Listen on a host of its own, named edge, edge1, ... by the hop; returns the address."""
    name = f"edge{edge.hop or ''}"
    await sim.network.host(name).start(edge.start(name, PORT))
    return name, PORT
