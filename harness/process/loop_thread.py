"""An event loop in a thread of its own, for callers that block, such as tests and Playwright's sync API."""

import asyncio
import threading
from collections.abc import Callable, Coroutine

PATIENCE_SECONDS = 10.0


class LoopThread:
    """Runs coroutines and functions on its loop and waits for their results. Start it, and close it."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def __repr__(self) -> str:
        return f"<LoopThread {self._thread.name}>"

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def run[T](self, work: Coroutine[object, object, T], *, patience: float | None = PATIENCE_SECONDS) -> T:
        """The result of a coroutine, or TimeoutError when it takes longer than `patience` seconds."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(patience)

    def call[T](self, function: Callable[[], T]) -> T:
        """The result of a function that must run on the loop's thread."""

        async def call() -> T:
            return function()

        return self.run(call())

    def close(self) -> None:
        """End the thread, and the loop with it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
