"""Virtual time: runs real asyncio servers and clients in memory, where 100 seconds take a millisecond.

A run owns every byte and every timer, so it is exact and repeats to the microsecond. It must never touch a
thread, a socket, a process or a wall clock.
"""

from firstbyte.harness.sim.clock import SimClock
from firstbyte.harness.sim.errors import (
    ForeignIO,
    Livelock,
    OutOfTime,
    SimError,
    Stalled,
    Unfinished,
    Unhandled,
)
from firstbyte.harness.sim.hosts import Host, HostState
from firstbyte.harness.sim.network import BLACKHOLE, Kind, Movement, Network
from firstbyte.harness.sim.run import Sim, run_sim
from firstbyte.harness.sim.wire import Link

__all__ = [
    "BLACKHOLE",
    "ForeignIO",
    "Host",
    "HostState",
    "Kind",
    "Link",
    "Livelock",
    "Movement",
    "Network",
    "OutOfTime",
    "Sim",
    "SimClock",
    "SimError",
    "Stalled",
    "Unfinished",
    "Unhandled",
    "run_sim",
]
