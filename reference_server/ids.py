"""OpenCode's identifiers: a prefix, 12 hex digits of time and count, 14 base62 characters.

The 12 digits are the low 48 bits of Unix milliseconds * 4096 + a count within the millisecond. Session
ids count down (bitwise NOT), so that the newest sorts first. 48 bits wrap every 2.2 years, so the order holds
only within a wrap. Derived from ids of 1.2.20 and 1.18.33, 2026-11-22.
"""

from typing import Literal

from firstbyte.reference_server.env import Env

_LOW_48_BITS = (1 << 48) - 1
_PER_MILLISECOND = 4096

type Ascending = Literal["msg", "prt", "evt"]


class Ids:
    """Generates ids that never repeat within one server."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._millisecond = -1
        self._count = 0

    def __repr__(self) -> str:
        return f"<Ids at {self._millisecond} ms, {self._count} used>"

    def ascending(self, prefix: Ascending) -> str:
        """Returns an id that sorts after all earlier ones of its kind."""
        return self._compose(prefix, self._stamp())

    def session(self) -> str:
        """Returns a session id, which sorts before all earlier ones."""
        return self._compose("ses", ~self._stamp())

    def _stamp(self) -> int:
        now = self._env.wall_ms()
        if now != self._millisecond:
            self._millisecond, self._count = now, 0
        self._count += 1
        return now * _PER_MILLISECOND + self._count

    def _compose(self, prefix: str, stamp: int) -> str:
        return f"{prefix}_{stamp & _LOW_48_BITS:012x}{self._env.token(14)}"
