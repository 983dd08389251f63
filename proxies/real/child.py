"""The keeper process of one foreign program: starts it, reports when it is ready, and ends it.

If the keeper ends in any way, the kernel ends the program (PR_SET_PDEATHSIG). The program leads a process
group. SIGTERM to the keeper ends the group in an orderly way; SIGUSR1 kills it, as a kill -9 would. Processes
that the program has put into other groups become children of the keeper when the program ends
(PR_SET_CHILD_SUBREAPER), and are killed, too. It must never leave anything behind.
"""

import ctypes
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import msgspec

from firstbyte.proxies.real.product import LOOPBACK

READY_SECONDS = 25.0
STOP_SECONDS = 1.0
LOOK_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_NOBODY = "nobody"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to start. ports: all must accept connections. asked: the port on which GET `question` must be
    answered with 200.
    """

    command: tuple[str, ...]
    folder: str
    log: str
    ports: tuple[int, ...]
    asked: int
    environment: dict[str, str] = {}
    drops_root: bool = False
    question: str = "/_firstbyte/ledger"


def main(arguments: list[str]) -> int:
    """Run the program that the file describes. Returns its exit code if it ends by itself."""
    order = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Order)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    process = _start(order)
    signal.signal(signal.SIGTERM, _ending(_end, process))
    signal.signal(signal.SIGUSR1, _ending(_kill, process))
    if not _becomes_ready(order, process):
        _end(process)
        return 1
    sys.stdout.write(json.dumps({"ready": f"http://{LOOPBACK}:{order.asked}", "pid": process.pid}) + "\n")
    sys.stdout.flush()
    code = process.wait()
    _kill(process)
    return code


def _start(order: Order) -> "subprocess.Popen[bytes]":
    user = pwd.getpwnam(_NOBODY) if order.drops_root else None
    if user is not None:
        for path in (Path(order.folder), *Path(order.folder).iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    with open(order.log, "ab") as log, warnings.catch_warnings():
        # A thread waits for the fork server's end; the child does nothing before exec but one system call.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            order.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=order.folder,
            env={**os.environ, **order.environment},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - one system call, no lock
        )


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    system = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_kernel() -> None:
        system.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _ending(
    end: "Callable[[subprocess.Popen[bytes]], None]", process: "subprocess.Popen[bytes]"
) -> Callable[[int, FrameType | None], None]:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        end(process)
        os._exit(0)

    return on_signal


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Send SIGTERM, then SIGKILL. Not with wait(), whose lock the interrupted code may hold."""
    if not _is_gone(process.pid):
        os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while not _is_gone(process.pid) and time.monotonic() < until:
            threading.Event().wait(LOOK_SECONDS)
    _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the whole group, of which some may be alive after its leader has ended, and all orphans."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(process.pid, 0)
    while orphans := _children():
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _children() -> list[int]:
    """Return the remaining children. All come from the program and stay ours until we wait for them."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _is_gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _becomes_ready(order: Order, process: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + READY_SECONDS
    waiting = list(order.ports)
    while process.poll() is None and time.monotonic() < until:
        waiting = [port for port in waiting if not _accepts(port)]
        if not waiting and _answers(order.asked, order.question):
            return True
        threading.Event().wait(LOOK_SECONDS)
    return False


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers(port: int, path: str) -> bool:
    """Whether an answer comes from the origin. Some products listen before they know their routes."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False
