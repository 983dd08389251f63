"""The emulated side: the edge's own class, in virtual time, exact."""

from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.grid.play import Place, play
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import Duration
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.simulated import simulated_edge, start_edge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream


def emulate(shape: Shape, profile: Profile, limit: Duration) -> Cell:
    """One shape behind one profile, both unscaled."""

    async def main(sim: Sim) -> Cell:
        origin = WatchedOrigin(shape, sim.clock.now)
        await sim.network.host("origin").start(origin.start("origin", 80))
        config = EdgeConfig(profile=profile, upstream=Upstream(host="origin", port=80))
        edge = simulated_edge(sim, config, origin.events.append)
        front = await start_edge(sim, edge)
        try:
            place = Place(front=front, clock=sim.clock, scale=1, limit=limit)
            return await play(shape, origin, place)
        finally:
            await edge.close()
            await origin.close()

    return run_sim(main)
