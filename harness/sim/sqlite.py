"""SQLite in a simulation: a locked database is waited for in virtual time.

SQLite's own busy handler sleeps in C, on the machine's clock, while the thread that holds the lock can't go
on. So connections made in a simulation have no busy handler; what finds the database locked gives up control,
and is done again, as SQLite itself would do it, until the connection's timeout has passed.
"""

import functools
import sqlite3
from collections.abc import Callable
from typing import Any, Final, Protocol

_PAUSES: Final = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.025, 0.025, 0.05, 0.05, 0.1)
"""Seconds between two tries, from sqliteDefaultBusyCallback in SQLite's main.c; the last one is repeated."""
_DEFAULT_TIMEOUT: Final = 5.0
"""Of sqlite3.connect."""
_EXECUTE: Final = ("execute", "executemany", "executescript")

real_connect: Final = sqlite3.connect


class _Waits(Protocol):
    firstbyte_timeout: float
    firstbyte_sleep: Callable[[float], None]


def _retried(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: _Waits, *args: Any, **options: Any) -> Any:
        waited, tries = 0.0, 0
        while True:
            try:
                return method(self, *args, **options)
            except sqlite3.OperationalError as error:
                pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
                if (
                    error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
                    or waited + pause > self.firstbyte_timeout
                ):
                    raise
                waited, tries = waited + pause, tries + 1
                self.firstbyte_sleep(pause)

    return call


@functools.cache
def _cursor_type(base: type[sqlite3.Cursor]) -> type[sqlite3.Cursor]:
    return type(base.__name__, (base,), {name: _retried(getattr(base, name)) for name in _EXECUTE})


@functools.cache
def _connection_type(base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    def cursor(self: Any, factory: Any = sqlite3.Cursor) -> Any:
        if not isinstance(factory, type):
            return base.cursor(self, factory)
        made: Any = base.cursor(self, _cursor_type(factory))
        made.firstbyte_timeout, made.firstbyte_sleep = self.firstbyte_timeout, self.firstbyte_sleep
        return made

    methods = {name: _retried(getattr(base, name)) for name in (*_EXECUTE, "commit", "rollback")}
    return type(base.__name__, (base,), {**methods, "cursor": cursor})


def connect(sleep: Callable[[float], None], *args: Any, **options: Any) -> sqlite3.Connection:
    """What `sqlite3.connect` does, with a connection that waits by `sleep` (seconds)."""
    # connect(database, timeout, detect_types, isolation_level, check_same_thread, factory, ...)
    names = ("database", "timeout", "detect_types", "isolation_level", "check_same_thread", "factory")
    options = {**dict(zip(names, args, strict=False)), **options}
    timeout = float(options.get("timeout", _DEFAULT_TIMEOUT))
    made: Any = real_connect(
        **{**options, "timeout": 0, "factory": _connection_type(options.get("factory") or sqlite3.Connection)}
    )
    made.firstbyte_timeout, made.firstbyte_sleep = timeout, sleep
    return made  # type: ignore[no-any-return]
