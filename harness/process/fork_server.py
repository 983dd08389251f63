"""The fork server: loads everything once, then forks each child of a run in milliseconds.

The harness sends requests over a socket pair, one JSON message each, and gets one back: `start` (with the
child's standard output as a file descriptor) returns the pid, `signal` whether the child still ran, `folder`
nothing. When the socket closes, because the harness ended or was killed, all children are ended, even those
that are blocked, and the folders are removed. It must never signal a pid that is not its own running child.
"""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

PRELOADED = (
    "firstbyte.reference_server.main",
    "firstbyte.reference_server.app",
    "firstbyte.proxies.program.main",
    "firstbyte.proxies.program.chain",
    "firstbyte.harness.origin.shape_main",
)
MOST = 1 << 20
GRACE_SECONDS = 2.0
LOOK_SECONDS = 0.01
FOLDER_PREFIX = "firstbyte-"


class ForkServer:
    """The running children, and the folders to remove at the end."""

    def __init__(self, harness: socket.socket) -> None:
        self._harness = harness
        self._alive: set[int] = set()
        self._folders: set[str] = set()
        self._ours, self._theirs = os.pipe()

    def __repr__(self) -> str:
        return f"<ForkServer {len(self._alive)} children>"

    def serve(self) -> None:
        """Serve until the harness has ended, then end everything."""
        signal.signal(signal.SIGCHLD, self._reap)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(ConnectionError):  # the harness was killed while a message or its answer was under way
            while self._answer_one():
                pass
        self._end_all()

    def _answer_one(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._harness, MOST, 1)
        if not message:
            return False
        request: dict[str, Any] = json.loads(message)
        if "module" in request:
            reply: dict[str, int] = self._start(request, descriptors[0])
        else:
            reply = self._signal(request) if "signal" in request else self._keep(request)
        self._harness.sendall(json.dumps(reply).encode())
        return True

    def _reap(self, _number: int, _frame: FrameType | None) -> None:
        # A second signal can interrupt this handler and reap the children that it is about to ask for.
        with suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self._alive.discard(pid)

    def _start(self, request: dict[str, Any], output: int) -> dict[str, int]:
        self._keep(request)
        for module in PRELOADED:
            import_module(module)
        with _nobody_reaped():
            pid = os.fork()
            if pid == 0:
                self._become(request, output)
            self._alive.add(pid)
        os.close(output)
        return {"pid": pid}

    def _keep(self, request: dict[str, Any]) -> dict[str, int]:
        self._folders.add(str(request["folder"]))
        return {}

    def _signal(self, request: dict[str, Any]) -> dict[str, int]:
        with _nobody_reaped():
            is_alive = request["pid"] in self._alive
            if is_alive:
                os.kill(request["pid"], request["signal"])
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
        threading.Thread(target=_die_with, args=(self._ours,), daemon=True, name="fork server watch").start()

    def _end_all(self) -> None:
        self._signal_all(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while self._alive and time.monotonic() < until:
            threading.Event().wait(LOOK_SECONDS)
        self._signal_all(signal.SIGKILL)
        while self._alive:
            threading.Event().wait(LOOK_SECONDS)
        for folder in map(Path, self._folders):
            if folder.name.startswith(FOLDER_PREFIX):
                _remove(folder)

    def _signal_all(self, number: int) -> None:
        with _nobody_reaped():
            for pid in self._alive:
                os.kill(pid, number)


def _remove(folder: Path) -> None:
    """Remove a folder that grandchildren, such as those of a browser, may write to while they end."""
    until = time.monotonic() + GRACE_SECONDS
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < until:
        threading.Event().wait(LOOK_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _nobody_reaped() -> Iterator[None]:
    """Meanwhile no child is reaped, so no pid in `_alive` can be taken over by another process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _die_with(pipe: int) -> None:
    """End this process as soon as the fork server has ended, which closes its end of the pipe."""
    os.read(pipe, 1)
    os._exit(1)


def main() -> None:
    """Serve the harness on the socket whose descriptor is the first argument."""
    ForkServer(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
