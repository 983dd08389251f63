"""Starts, watches and ends child processes through the fork server of this process.

A child prints one line of JSON when it is ready, and its standard output is closed when it ends. No child may
outlive this process, and no process that this one did not start may be ended.
"""

import asyncio
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process import fork_server

READY_SECONDS = 30.0
STOP_SECONDS = 2.0


class _ForkServer:
    """The client of the fork server, which is started when first needed and ends with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, request: dict[str, Any], output: int) -> int:
        """Have a child forked with `output` as its standard output; returns its pid."""
        return int(self._ask(request, [output])["pid"])

    def signal(self, pid: int, number: int) -> None:
        """Signal a child if it still runs. If the fork server has ended, so have its children."""
        with suppress(SetupFailed):
            self._ask({"pid": pid, "signal": int(number)}, [])

    def keep(self, folder: Path) -> None:
        """Have a folder removed after this process has ended, even by kill -9."""
        self._ask({"folder": str(folder)}, [])

    def _ask(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        with self._lock:
            channel = self._channel()
            reply = b""
            with suppress(ConnectionError):  # the fork server has ended: no reply
                socket.send_fds(channel, [json.dumps(request).encode()], descriptors)
                reply = channel.recv(fork_server.MOST)
        if not reply:
            raise SetupFailed("the process that starts origins and edges has ended; see its error above")
        answer: dict[str, Any] = json.loads(reply)
        return answer

    def _channel(self) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs, ExitStack() as stack:
                stack.enter_context(ours)
                self._process = subprocess.Popen(
                    [sys.executable, "-m", fork_server.__name__, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C goes to this process only
                )
                stack.pop_all()
            self._socket = ours
            atexit.register(self.close)
        return self._socket

    def close(self) -> None:
        """End it and wait until it has ended its children."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait()
            self._socket = self._process = None


_fork_server = _ForkServer()


@contextmanager
def own_folder(where: Path | None = None) -> Iterator[Path]:
    """A temporary folder that is removed even after a kill -9 of this process.

    where: the folder it is made in; None is the machine's. Programs that this process started may still
    write to it while they end.
    """
    with tempfile.TemporaryDirectory(
        prefix=fork_server.FOLDER_PREFIX, ignore_cleanup_errors=True, dir=where
    ) as name:
        _fork_server.keep(Path(name))
        yield Path(name)


class Child:
    """One child process. address: where it listens. worker: the pid of the process that answers there: the
    child, or a program that it started. kill_signal: what makes it kill that program and end.
    """

    def __init__(
        self, role: str, pid: int, output: int, address: tuple[str, int], worker: int, kill_signal: int
    ) -> None:
        self.role = role
        self.pid = pid
        self.worker = worker
        self.address = address
        self._output = output
        self._kill_signal = kill_signal
        self._ended = False

    def __repr__(self) -> str:
        return f"<Child {self.role} pid {self.pid} at {self.address[0]}:{self.address[1]}>"

    @property
    def is_running(self) -> bool:
        """Whether it was not ended through this object."""
        return not self._ended

    @property
    def is_lost(self) -> bool:
        """Whether it ended without being ended through this object."""
        if self._ended:
            return False
        poll = select.poll()
        poll.register(self._output, select.POLLHUP)
        return bool(poll.poll(0))

    async def ended(self) -> None:
        """Wait until it has ended, for whatever reason."""
        await _drained(self._output)

    async def kill(self) -> None:
        """kill -9, and wait until the kernel has closed its sockets."""
        await self._end_by(self._kill_signal)

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if it has not ended after STOP_SECONDS."""
        try:
            await asyncio.wait_for(self._end_by(signal.SIGTERM), STOP_SECONDS)
        except TimeoutError:
            await self._end_by(signal.SIGKILL)

    async def _end_by(self, number: int) -> None:
        """Send a signal that ends it, and wait for that."""
        if self._ended:
            return
        _fork_server.signal(self.pid, number)
        await _drained(self._output)
        self._ended = True
        os.close(self._output)


async def start_child(
    role: str, module: str, arguments: Sequence[str], folder: Path, *, kill_signal: int = signal.SIGKILL
) -> Child:
    """Run `module.main(arguments)` in a process; return when it is ready. Raises SetupFailed with the end of
    its log.

    folder: the run's own; the child's log goes there.
    """
    output, its = os.pipe()
    log = folder / f"{role}.log"
    request = {"module": module, "arguments": list(arguments), "log": str(log), "folder": str(folder)}
    try:
        pid = _fork_server.start(request, its)
    finally:
        os.close(its)
    try:
        address, worker = await asyncio.wait_for(_ready(output), READY_SECONDS)
    except BaseException as error:
        _fork_server.signal(pid, signal.SIGKILL)
        await _drained(output)
        os.close(output)
        if isinstance(error, TimeoutError | ValueError | KeyError):
            raise SetupFailed(
                f"{role}: did not get ready ({type(error).__name__}): {log_tail(log)}"
            ) from error
        raise
    return Child(role, pid, output, address, worker, kill_signal)


async def _ready(output: int) -> tuple[tuple[str, int], int]:
    line = b""
    while not line.endswith(b"\n"):
        await _readable(output)
        part = os.read(output, 4096)
        if not part:
            break
        line += part
    ready = json.loads(line)
    host, _, port = str(ready["ready"]).rpartition("//")[2].rpartition(":")
    return (host.strip("[]"), int(port)), int(ready["pid"])


async def _drained(output: int) -> None:
    """Wait until the other end has been closed."""
    await _readable(output)
    while os.read(output, 4096):
        await _readable(output)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _set, readable)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def log_tail(log: Path) -> str:
    """The end of a child's log."""
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    return text[-800:] if text else "it said nothing"
