"""Starts a target's own program on a free port, and ends it with the run.

A keeper process of ours starts it (`proxies/real/child.py`), so that neither a killed harness nor a killed
run leaves it or its children behind. It always works in a directory of the run.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.process.ports import free_ports
from firstbyte.proxies.real.child import Order

KEEPER = "firstbyte.proxies.real.child"
TRIES = 3
IN_USE = ("EADDRINUSE", "ddress already in use")
"""What programs print when another process took the free port first."""
LOG_TAIL = 800


async def start_program(
    role: str,
    command: Callable[[int], Sequence[str]],
    *,
    folder: Path,
    ready: str,
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    cwd: Path | None = None,
) -> Child:
    """Start `command(port)` and wait until GET `ready` is answered with 200.

    folder: the run's own. cwd: where the program works, by default `folder`. port: 0 = a free one.
    environment: added to ours. The output goes to `<role>.log`. Raises SetupFailed with the end of the log.
    """
    log = folder / f"{role}.log"
    for tries_left in reversed(range(TRIES)):
        chosen = port or free_ports(1)[0]
        order = Order(
            command=tuple(command(chosen)),
            folder=str(cwd or folder),
            log=str(log),
            ports=(chosen,),
            asked=chosen,
            environment=dict(environment or {}),
            question=ready,
        )
        path = folder / f"{role}.json"
        path.write_bytes(msgspec.json.encode(order))
        try:
            return await start_child(role, KEEPER, [str(path)], folder, kill_signal=signal.SIGUSR1)
        except SetupFailed as error:
            output = log.read_text("utf-8", "replace").strip() if log.exists() else ""
            if tries_left and not port and any(word in output for word in IN_USE):
                continue
            program = Path(order.command[0]).name
            raise SetupFailed(
                f"{role}: {program} did not get ready: {output[-LOG_TAIL:] or error}"
            ) from error
    raise AssertionError
