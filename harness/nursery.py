"""A process that has loaded everything once and forks a child in milliseconds. It is the parent of all
children of a run.

Spoken to over a socket pair, one JSON message each way: `start` (with the child's standard output as a file
descriptor) is answered with the pid, `signal` with whether the child was still there. When the socket
closes, because the harness ended or was killed, every child is ended, blocked or not, and the run's folders
are removed. It must never signal a pid that is not a living child of its own.
"""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

PRELOADED = (
    "firstbyte.reference_server.main",
    "firstbyte.reference_server.app",
    "firstbyte.proxies.main",
    "firstbyte.proxies.chain",
    "firstbyte.harness.origin.shape_main",
)
MOST = 1 << 20
GRACE_SECONDS = 2.0
FOLDER_PREFIX = "firstbyte-"


class Nursery:
    """The living children, and the folders they work in."""

    def __init__(self, harness: socket.socket) -> None:
        self._harness = harness
        self._alive: dict[int, str] = {}
        self._ours, self._theirs = os.pipe()

    def __repr__(self) -> str:
        return f"<Nursery {len(self._alive)} children>"

    def serve(self) -> None:
        """Until the harness is gone; then end everything."""
        signal.signal(signal.SIGCHLD, self._reap)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._harness, MOST, 1)
            if not message:
                break
            request: dict[str, Any] = json.loads(message)
            reply = self._start(request, descriptors[0]) if "module" in request else self._signal(request)
            self._harness.sendall(json.dumps(reply).encode())
        self._end_all()

    def _reap(self, _number: int, _frame: FrameType | None) -> None:
        for pid in tuple(self._alive):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._alive[pid]

    def _start(self, request: dict[str, Any], output: int) -> dict[str, int]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            pid = os.fork()
            if pid == 0:
                self._become(request, output)
            self._alive[pid] = str(request["folder"])
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.close(output)
        return {"pid": pid}

    def _signal(self, request: dict[str, Any]) -> dict[str, bool]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            is_alive = request["pid"] in self._alive
            if is_alive:
                os.kill(request["pid"], request["signal"])
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return {"was_alive": is_alive}

    def _become(self, request: dict[str, Any], output: int) -> None:
        code = 1
        try:
            self._prepare_child(request, output)
            code = import_module(request["module"]).main(request["arguments"])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001 - the rim of a process
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _prepare_child(self, request: dict[str, Any], output: int) -> None:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        self._harness.close()
        os.close(self._theirs)
        errors = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((output, 1), (errors, 2)):
            os.dup2(source, target)
            os.close(source)
        threading.Thread(target=_die_with, args=(self._ours,), daemon=True, name="nursery watch").start()

    def _end_all(self) -> None:
        folders = set(self._alive.values())
        for pid in tuple(self._alive):
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while self._alive and time.monotonic() < until:
            threading.Event().wait(0.01)
        for pid in tuple(self._alive):
            os.kill(pid, signal.SIGKILL)
        for folder in folders:
            if Path(folder).name.startswith(FOLDER_PREFIX):
                shutil.rmtree(folder, ignore_errors=True)


def _die_with(pipe: int) -> None:
    """End this process at once when the nursery is gone: its end of the pipe closes."""
    os.read(pipe, 1)
    os._exit(1)


def main() -> None:
    """Serve the harness on the socket whose descriptor is the first argument."""
    harness = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        import_module(module)
    Nursery(harness).serve()


if __name__ == "__main__":
    main()
