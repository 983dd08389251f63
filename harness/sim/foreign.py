"""Refuses what virtual time can't see: threads, sockets, processes, pipes, signals, blocking sleeps.

A thread or a socket lives on the wall clock. While the loop waits for it nothing is ready, so the clock would
jump and invent a timeout. Therefore every such call fails at once and names who made it. A refusal also ends
the run when the caller swallows it, as a web framework does that turns every exception into a 500. It must
never refuse anything to a thread that runs no simulation.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NoReturn

from firstbyte.harness.sim.errors import ForeignIO

CURE: Final = "run this scenario with --mode real"
_AUDITED: Final = {
    "_thread.start_new_thread": "a thread",
    "_thread.start_joinable_thread": "a thread",
    "socket.connect": "a socket (connect)",
    "socket.bind": "a socket (bind)",
    "socket.sendto": "a socket (sendto)",
    "socket.getaddrinfo": "name resolution",
    "socket.gethostbyname": "name resolution",
    "subprocess.Popen": "a process",
    "os.fork": "a process (fork)",
    "os.posix_spawn": "a process (spawn)",
    "os.system": "a process (system)",
    # Audited since Python 3.13.
    "time.sleep": "a blocking time.sleep",
}
_STDLIB: Final = os.path.dirname(os.__file__) + os.sep
_HERE: Final = os.path.dirname(__file__) + os.sep
_OPAQUE: Final = ("anyio.", "starlette.concurrency", "sniffio.")

_watched: dict[int, tuple[Callable[[ForeignIO], None], str]] = {}
_hooks: list[Callable[..., None]] = []


def watch(report: Callable[[ForeignIO], None], cure: str) -> None:
    """Refuse foreign operations to this thread until `unwatch`; each refusal is also given to `report`.

    cure: what the messages say that one can do instead.
    """
    if not _hooks:
        # An audit hook can't be removed: there is one for the process, and it ignores threads not watched.
        _hooks.append(_audit)
        sys.addaudithook(_audit)
    _watched[threading.get_ident()] = report, cure


def unwatch() -> None:
    """Leave this thread alone again."""
    _watched.pop(threading.get_ident(), None)


@contextmanager
def unwatched() -> Iterator[None]:
    """Leave this thread alone for a moment, in which the simulation itself does what it refuses to others."""
    watched = _watched.pop(threading.get_ident(), None)
    try:
        yield
    finally:
        if watched is not None:
            watch(*watched)


def _audit(event: str, _args: tuple[object, ...]) -> None:
    if not _watched or event not in _AUDITED:
        return
    watched = _watched.get(threading.get_ident())
    if watched is not None:
        error = foreign_io(_AUDITED[event])
        watched[0](error)
        raise error


def foreign_io(operation: str) -> ForeignIO:
    """The error for `operation`, with the place in the user's code that asked for it."""
    _, cure = _watched.get(threading.get_ident(), (None, CURE))
    return ForeignIO(f"{_caller()} asked for {operation}, which virtual time can't see; {cure}")


def _caller() -> str:
    frame: FrameType | None = sys._getframe(1)
    nearest = None
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_HERE):
            nearest = nearest or frame
            if not is_plumbing(frame):
                return place_of(frame)
        frame = frame.f_back
    return "unknown code" if nearest is None else place_of(nearest)


def is_plumbing(frame: FrameType) -> bool:
    """Whether the frame is the standard library's or a concurrency layer's, hence not the one to name."""
    name = frame.f_code.co_filename
    if str(frame.f_globals.get("__name__", "")).startswith(_OPAQUE):
        return True
    return name.startswith(("<frozen", _HERE)) or (name.startswith(_STDLIB) and "site-packages" not in name)


def place_of(frame: FrameType) -> str:
    """File, line and name of where a frame is."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"


class Refusals(asyncio.AbstractEventLoop):
    """Every event loop method that would leave the simulation, refused; the loop has `report_refusal`."""

    def report_refusal(self, error: ForeignIO) -> None:
        raise NotImplementedError

    def refuse(self, operation: str) -> NoReturn:
        """End the run: somebody asked for `operation`, which virtual time can't see."""
        error = foreign_io(operation)
        self.report_refusal(error)
        raise error


def _refused(method: str, operation: str) -> Callable[..., NoReturn]:
    def refuse(self: Refusals, *_args: Any, **_options: Any) -> NoReturn:
        self.refuse(operation)

    refuse.__name__ = method
    return refuse


_METHODS: Final = {
    "add_reader": "a file descriptor (add_reader)",
    "remove_reader": "a file descriptor (remove_reader)",
    "add_writer": "a file descriptor (add_writer)",
    "remove_writer": "a file descriptor (remove_writer)",
    "sock_recv": "a socket (sock_recv)",
    "sock_recv_into": "a socket (sock_recv_into)",
    "sock_recvfrom": "a socket (sock_recvfrom)",
    "sock_recvfrom_into": "a socket (sock_recvfrom_into)",
    "sock_sendall": "a socket (sock_sendall)",
    "sock_sendto": "a socket (sock_sendto)",
    "sock_accept": "a socket (sock_accept)",
    "sock_sendfile": "a socket (sock_sendfile)",
    "sendfile": "a file sent by the kernel (sendfile)",
    "start_tls": "TLS (start_tls)",
    "connect_accepted_socket": "a socket (connect_accepted_socket)",
    "create_datagram_endpoint": "UDP (create_datagram_endpoint)",
    "create_unix_connection": "a Unix socket (create_unix_connection)",
    "create_unix_server": "a Unix socket (create_unix_server)",
    "connect_read_pipe": "a pipe (connect_read_pipe)",
    "connect_write_pipe": "a pipe (connect_write_pipe)",
    "subprocess_shell": "a process (subprocess_shell)",
    "subprocess_exec": "a process (subprocess_exec)",
    "add_signal_handler": "a signal handler",
    "remove_signal_handler": "a signal handler",
    "getnameinfo": "name resolution (getnameinfo)",
}
for _method, _operation in _METHODS.items():
    setattr(Refusals, _method, _refused(_method, _operation))
