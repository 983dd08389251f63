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
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NoReturn

from firstbyte.harness.sim.errors import ForeignIO

_CURE: Final = "run this scenario with --mode real"
_BLOCKING_CURE: Final = "let the host block with Host.block, or run this scenario with --mode real"
_AUDITED: Final = {
    "_thread.start_new_thread": ("a thread", _CURE),
    "_thread.start_joinable_thread": ("a thread", _CURE),
    "socket.connect": ("a socket (connect)", _CURE),
    "socket.bind": ("a socket (bind)", _CURE),
    "socket.sendto": ("a socket (sendto)", _CURE),
    "socket.getaddrinfo": ("name resolution", _CURE),
    "socket.gethostbyname": ("name resolution", _CURE),
    "subprocess.Popen": ("a process", _CURE),
    "os.fork": ("a process (fork)", _CURE),
    "os.posix_spawn": ("a process (spawn)", _CURE),
    "os.system": ("a process (system)", _CURE),
    # Audited since Python 3.13.
    "time.sleep": ("a blocking time.sleep", _BLOCKING_CURE),
}
_STDLIB: Final = os.path.dirname(os.__file__) + os.sep
_HERE: Final = os.path.dirname(__file__) + os.sep
_OPAQUE: Final = ("anyio.", "starlette.concurrency", "sniffio.")

_watched: dict[int, Callable[[ForeignIO], None]] = {}
_hooks: list[Callable[..., None]] = []


def watch(report: Callable[[ForeignIO], None]) -> None:
    """Refuse foreign operations to this thread until `unwatch`; each refusal is also given to `report`."""
    if not _hooks:
        # An audit hook can't be removed: there is one for the process, and it ignores threads not watched.
        _hooks.append(_audit)
        sys.addaudithook(_audit)
    _watched[threading.get_ident()] = report


def unwatch() -> None:
    """Leave this thread alone again."""
    _watched.pop(threading.get_ident(), None)


def _audit(event: str, _args: tuple[object, ...]) -> None:
    if not _watched or event not in _AUDITED:
        return
    report = _watched.get(threading.get_ident())
    if report is not None:
        operation, cure = _AUDITED[event]
        error = foreign_io(operation, cure)
        report(error)
        raise error


def foreign_io(operation: str, cure: str = _CURE) -> ForeignIO:
    """The error for `operation`, with the place in the user's code that asked for it."""
    return ForeignIO(f"{_caller()} asked for {operation}, which virtual time can't see; {cure}")


def _caller() -> str:
    frame: FrameType | None = sys._getframe(1)
    nearest = None
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_HERE):
            nearest = nearest or frame
            if not is_plumbing(frame):
                return _place(frame)
        frame = frame.f_back
    return "unknown code" if nearest is None else _place(nearest)


def is_plumbing(frame: FrameType) -> bool:
    """Whether the frame is the standard library's or a concurrency layer's, hence not the one to name."""
    name = frame.f_code.co_filename
    if str(frame.f_globals.get("__name__", "")).startswith(_OPAQUE):
        return True
    return name.startswith(("<frozen", _HERE)) or (name.startswith(_STDLIB) and "site-packages" not in name)


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"


class Refusals(asyncio.AbstractEventLoop):
    """Every event loop method that would leave the simulation, refused; the loop has `report_refusal`."""

    def report_refusal(self, error: ForeignIO) -> None:
        raise NotImplementedError

    def _refuse(self, operation: str) -> NoReturn:
        error = foreign_io(operation)
        self.report_refusal(error)
        raise error


def _refused(method: str, operation: str) -> Callable[..., NoReturn]:
    def refuse(self: Refusals, *_args: Any, **_options: Any) -> NoReturn:
        self._refuse(operation)

    refuse.__name__ = method
    return refuse


_METHODS: Final = {
    "run_in_executor": "a thread (run_in_executor)",
    "set_default_executor": "a thread pool",
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
    "sock_connect": "a socket (sock_connect)",
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
