"""The emulated side: the edge's own class, in virtual time, exact."""

import string

from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.grid.play import Place, play
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import Duration
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.rules.config import EdgeConfig, Upstream

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
