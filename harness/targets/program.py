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


class Program:
    """A foreign program that is running."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def __repr__(self) -> str:
        return f"<Program {self._child}>"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._child.address

    @property
    def pid(self) -> int:
        """The pid of the program itself, not of its keeper."""
        return self._child.worker

    @property
    def is_running(self) -> bool:
        """Whether it has not been ended through this object."""
        return self._child.is_running

    async def kill(self) -> None:
        """Kill the program and its process group with SIGKILL. Its port is free afterwards."""
        await self._child.end_by(signal.SIGUSR1)

    async def stop(self) -> None:
        """End the program with SIGTERM, then with SIGKILL."""
        await self._child.stop()


async def start_program(
    role: str,
    command: Callable[[int], Sequence[str]],
    *,
    folder: Path,
    ready: str,
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    cwd: Path | None = None,
) -> Program:
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
            return Program(await start_child(role, KEEPER, [str(path)], folder))
        except SetupFailed as error:
            output = log.read_text("utf-8", "replace").strip() if log.exists() else ""
            if tries_left and not port and any(word in output for word in IN_USE):
                continue
            program = Path(order.command[0]).name
            raise SetupFailed(
                f"{role}: {program} did not get ready: {output[-LOG_TAIL:] or error}"
            ) from error
    raise AssertionError
