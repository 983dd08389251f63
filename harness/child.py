"""What a child process of the harness does first and last: it can't outlive its parent, and leaves nothing behind.

When the parent is gone, for whatever reason, the child is asked to end, and ended if it can't: its event loop may be
blocked. It must never end a process that is not its own.
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from multiprocessing import connection, parent_process
from pathlib import Path

PARENT_GONE = 75
GRACE_SECONDS = 2.0


def become(module: str, arguments: list[str], ready: connection.Connection, log: str, folder: str) -> None:
    """Run `module.main(arguments)`. Its standard output goes to `ready`, its errors to the file `log`.

    folder: removed when the parent is no longer there to do so.
    """
    os.setsid()  # Ctrl-C is for the parent; the child ends by the parent's word or the parent's end
    os.dup2(ready.fileno(), 1)
    ready.close()
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(errors, 2)
    os.close(errors)
    threading.Thread(target=_watch_parent, args=(folder,), daemon=True, name="parent watch").start()
    entry: Callable[[list[str]], int] = import_module(module).main
    try:
        code = entry(arguments)
    finally:
        sys.stdout.flush()
        if _is_orphan():
            _remove(folder)
    raise SystemExit(code)


def _watch_parent(folder: str) -> None:
    parent = parent_process()
    if parent is None:
        return
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    _remove(folder)
    os._exit(PARENT_GONE)


def _is_orphan() -> bool:
    parent = parent_process()
    return parent is not None and bool(connection.wait([parent.sentinel], timeout=0))


def _remove(folder: str) -> None:
    if Path(folder).name.startswith("firstbyte-"):
        shutil.rmtree(folder, ignore_errors=True)
