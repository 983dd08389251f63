"""The faults of an act. Each leaves a proof of when it began and ended."""

import json
from pathlib import Path
from typing import Protocol

from firstbyte.harness.clock import monotonic_of_unix
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.targets.opencode import locker
from firstbyte.harness.targets.opencode.account import Fault

# The plugin writes a line to its proof when its wait starts and when it ends.
_PLUGIN = """\
import {{ appendFileSync }} from "node:fs"
const note = (what) => appendFileSync({proof}, JSON.stringify({{ what, unix_ms: Date.now() }}) + "\\n")
export const Slow = async () => {{
  note("began")
  await new Promise((resolve) => setTimeout(resolve, {milliseconds}))
  note("ended")
  return {{}}
}}
"""


class ActFault(Protocol):
    """A fault that is made on purpose."""

    def proved(self) -> Fault | None:
        """Return what the proof says, or None while the fault hasn't ended."""


class DatabaseLock:
    """Another process holds the write lock of the product's database."""

    def __init__(self, seconds: float, database: Path, folder: Path) -> None:
        self._seconds = seconds
        self._database = database
        self._folder = folder
        self._proof = folder / "lock.json"
        self._child: Child | None = None

    def __repr__(self) -> str:
        return f"<DatabaseLock {self._seconds:g} s, {self._child}>"

    async def take(self) -> None:
        """Return when the lock is held."""
        arguments = [str(self._database), str(self._seconds), str(self._proof)]
        self._child = await start_child("locker", locker.__name__, arguments, self._folder)

    async def stop(self) -> None:
        """End the process that holds the lock."""
        if self._child is not None:
            await self._child.stop()

    def proved(self) -> Fault | None:
        """Return when the lock was taken and released, or None while it is held."""
        if not self._proof.exists():
            return None
        moments = json.loads(self._proof.read_text(encoding="utf-8"))
        return Fault(
            what="database locked", began_us=moments[locker.TAKEN], ended_us=moments[locker.RELEASED]
        )


class SlowPlugin:
    """A plugin of the project takes a long time to start."""

    def __init__(self, seconds: float, project: Path, folder: Path) -> None:
        self._seconds = seconds
        self._project = project
        self._proof = folder / "plugin.jsonl"

    def __repr__(self) -> str:
        return f"<SlowPlugin {self._seconds:g} s>"

    def install(self) -> None:
        """Put the plugin into the project. It takes effect at the product's next start."""
        folder = self._project / ".opencode" / "plugin"
        folder.mkdir(parents=True)
        text = _PLUGIN.format(proof=json.dumps(str(self._proof)), milliseconds=round(self._seconds * 1000))
        (folder / "slow.js").write_text(text, encoding="utf-8")

    def proved(self) -> Fault | None:
        """Return when the plugin's wait began and ended, or None while it lasts."""
        lines = self._proof.read_text(encoding="utf-8").splitlines() if self._proof.exists() else []
        moments = {
            line["what"]: line["unix_ms"] * 1_000 + monotonic_of_unix() for line in map(json.loads, lines)
        }
        if "ended" not in moments:
            return None
        return Fault(what="plugin starts", began_us=moments["began"], ended_us=moments["ended"])
