"""Starts, watches and ends child processes. Each says on its standard output, as one JSON line, when it is ready.

They are forked from a server that has loaded everything once, so that a start takes milliseconds. It must never leave one
running, and never end one it did not start.
"""

import asyncio
import json
import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from firstbyte.harness.child import become
from firstbyte.harness.problems import SetupFailed

READY_SECONDS = 30.0
STOP_SECONDS = 5.0
PRELOADED = ["firstbyte.reference_server.main", "firstbyte.proxies.main", "firstbyte.harness.origin.shape_main"]


class Child:
    """One child process. address: where it listens."""

    def __init__(self, role: str, process: ForkServerProcess, address: tuple[str, int], log: Path) -> None:
        self.role = role
        self.address = address
        self.log = log
        self._process = process

    def __repr__(self) -> str:
        return f"<Child {self.role} pid {self._process.pid} at {self.address[0]}:{self.address[1]}>"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def is_running(self) -> bool:
        """It has not ended yet."""
        return self._process.is_alive()

    async def kill(self) -> None:
        """kill -9, and wait until the kernel has taken its sockets."""
        self._process.kill()
        await _ended(self._process)

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not in time."""
        self._process.terminate()
        try:
            await asyncio.wait_for(_ended(self._process), STOP_SECONDS)
        except TimeoutError:
            await self.kill()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


async def start_child(role: str, module: str, arguments: Sequence[str], folder: Path) -> Child:
    """Run `module.main(arguments)` in a process; return when it is ready. Raises SetupFailed with the end of its log.

    folder: the run's own; the child's log goes there.
    """
    context = _context()
    ours, its = context.Pipe(duplex=False)
    log = folder / f"{role}.log"
    process = context.Process(
        target=become, args=(module, list(arguments), its, str(log), str(folder)), name=f"firstbyte {role}", daemon=True
    )
    process.start()
    its.close()
    try:
        address = await asyncio.wait_for(_ready(ours.fileno()), READY_SECONDS)
    except (TimeoutError, ValueError, KeyError) as error:
        process.kill()
        await _ended(process)
        raise SetupFailed(f"{role}: did not get ready ({type(error).__name__}): {_tail(log)}") from error
    finally:
        ours.close()
    return Child(role, process, address, log)


async def _ready(descriptor: int) -> tuple[str, int]:
    line = b""
    while not line.endswith(b"\n"):
        await _readable(descriptor)
        part = os.read(descriptor, 4096)
        if not part:
            break
        line += part
    host, _, port = str(json.loads(line)["ready"]).rpartition("//")[2].rpartition(":")
    return host.strip("[]"), int(port)


async def _ended(process: ForkServerProcess) -> None:
    if process.is_alive():
        await _readable(process.sentinel)
    process.join()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(descriptor, _set, readable)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _tail(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    return text[-800:] if text else "it said nothing"
