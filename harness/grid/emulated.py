"""The emulated side: the edge's own class, in virtual time, exact."""

import string

from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.grid.play import Place, play
from firstbyte.harness.profile import Profile
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.harness.units import Duration
from firstbyte.harness.wire import Shape
from firstbyte.proxies.config import EdgeConfig, Upstream
from firstbyte.proxies.server import EdgeServer

_BASE62 = string.digits + string.ascii_letters


def emulate(shape: Shape, profile: Profile, limit: Duration) -> Cell:
    """One shape behind one profile, both unscaled."""

    async def main(sim: Sim) -> Cell:
        origin = WatchedOrigin(shape, sim.clock.now)
        await sim.network.host("origin").start(origin.start("origin", 80))
        edge = EdgeServer(
            EdgeConfig(profile=profile, upstream=Upstream(host="origin", port=80)),
            clock=sim.clock,
            report=origin.events.append,
            token=lambda length: "".join(sim.random.choices(_BASE62, k=length)),
        )
        await sim.network.host("edge").start(edge.start("edge", 80))
        try:
            place = Place(front=("edge", 80), clock=sim.clock, scale=1, limit=limit)
            return await play(shape, origin, place)
        finally:
            await edge.close()
            await origin.close()

    return run_sim(main)
