"""How far a long command is, on one line of the terminal, from the second second on.

Nothing is written when the stream is no terminal, and nothing for what is quick. It must never start a
thread: sim refuses them.
"""

from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from firstbyte.harness.report.paint import Palette, to_ascii
from firstbyte.harness.report.plain import crop, visible
from firstbyte.harness.report.terminal import Terminal

_QUIET = 2.0
_BETWEEN = 0.1
_BAR = 20
_CLEAR = "\r\x1b[K"


class Progress:
    """A context manager; call `advance` after each piece of work.

    now: seconds of a clock that never goes back. is_shown: False where stdout belongs to another
    program. The line is gone when it ends.
    """

    def __init__(
        self, total: int, terminal: Terminal, now: Callable[[], float], *, is_shown: bool = True
    ) -> None:
        self._total = total
        self._stream: TextIO = terminal.stream
        self._terminal = terminal
        self._now = now
        self._began = now()
        self._done = 0
        self._shown_at: float | None = None
        self._is_on = is_shown and terminal.stream.isatty()

    def __repr__(self) -> str:
        return f"<Progress {self._done} of {self._total}>"

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def advance(self, what: str = "") -> None:
        """One more piece is done; `what` it was is shown."""
        self._done += 1
        now = self._now()
        is_due = self._shown_at is None or now - self._shown_at >= _BETWEEN
        if self._is_on and is_due and now - self._began >= _QUIET:
            self._shown_at = now
            self._stream.write(_CLEAR + self._line(what, now - self._began))
            self._stream.flush()

    def hide(self) -> None:
        """Take the line away; the next `advance` brings it back."""
        if self._shown_at is not None:
            self._shown_at = None
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _line(self, what: str, elapsed: float) -> str:
        filled = _BAR * self._done // max(self._total, 1)
        bar = "━" * filled + "╌" * (_BAR - filled)
        left = elapsed / self._done * max(self._total - self._done, 0)
        text = f"{bar} {self._done}/{self._total}, about {_rounded(left)} left  {visible(what)}"
        # The last column stays free: some terminals wrap when it is written.
        shown = crop(text, self._terminal.width - 1)
        return to_ascii(shown) if self._terminal.palette is Palette.ASCII else shown


def _rounded(left: float) -> str:
    whole = round(left)
    return f"{whole}s" if whole < 120 else f"{round(left / 60)}min"
