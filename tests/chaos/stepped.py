"""A wall clock that steps, for what is started with it: libfaketime, which leaves the monotonic clock alone.

It must never touch the clock of the machine.
"""

import os
from pathlib import Path

from tests.conftest import lacking

PLACES = ("/usr/lib/*-linux-gnu/faketime", "/usr/lib64/faketime", "/usr/lib/faketime")
NAME = "libfaketimeMT.so.1"


class SteppedClock:
    """The wall clock of processes with this environment."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.step("+0")
        self.environment = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def __repr__(self) -> str:
        return f"<SteppedClock {self._file.read_text()}>"

    def step(self, offset: str) -> None:
        """From now on the wall clock is `offset` off, such as -1h."""
        draft = self._file.with_name("clock.next")
        draft.write_text(offset)
        os.replace(draft, self._file)


def _library() -> Path:
    found = [path for place in PLACES for path in Path("/").glob(f"{place[1:]}/{NAME}")]
    if not found:
        lacking("no libfaketime; run `make setup`, or `apt-get install faketime`")
    return found[0]
