"""An origin that is one child process: what all of them have in common, whatever the program is."""

from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child
from firstbyte.harness.targets.target import LOOPBACK


class ChildOrigin:
    """Whoever inherits it sets `_child` in `restart`. product: how messages name it."""

    product = "origin"
    _child: Child | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._child}>"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, or listened last."""
        return self._child.address if self._child else (LOOPBACK, 0)

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not been killed since."""
        return self._child is not None and self._child.is_running

    @property
    def pids(self) -> tuple[int, ...]:
        """The pid of the program."""
        return (self._child.worker,) if self._child is not None and self.is_running else ()

    @property
    def is_lost(self) -> bool:
        """Never true of a foreign program: if it ends, that is its own failure."""
        return False

    async def kill(self) -> None:
        """Kill the program with SIGKILL."""
        if self._child is None or not self._child.is_running:
            raise SetupFailed(f"{self.product}: is not running; the script kills it twice")
        await self._child.kill()

    async def stop(self) -> None:
        """End the program."""
        if self._child is not None:
            await self._child.stop()
