"""How far a soak is: one line on a terminal, a line a minute where there is none. Each failure at once."""

from firstbyte.harness.report.plain import crop
from firstbyte.harness.report.terminal import Terminal
from tests.soak.outcome import failures, length
from tests.soak.playing import Soak, Tally

_CLEAR = "\r\x1b[K"
BETWEEN_SECONDS = 60.0


class Status:
    """Call `say` before each round."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._is_live = terminal.stream.isatty()
        self._said_at: float | None = None
        self._told: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Status, said at {self._said_at}>"

    def say(self, soak: Soak, tally: Tally) -> None:
        """What has failed since, which round begins, and how long all may take still."""
        self._tell_failures(soak)
        if not self._is_live and self._said_at is not None and soak.elapsed - self._said_at < BETWEEN_SECONDS:
            return
        self._said_at = soak.elapsed
        failed = sum(len(one.failures) for one in soak.tallies)
        round_ = f"round {tally.rounds + 1} of {tally.part.whole}, seed {soak.seed_of(tally)}"
        text = f"soak: {tally.part.name}, {round_}; {failed} failed; about {length(soak.left)} left"
        line = crop(text, self._terminal.width - 1)
        self._terminal.stream.write(f"{_CLEAR}{line}" if self._is_live else f"{line}\n")
        self._terminal.stream.flush()

    def _tell_failures(self, soak: Soak) -> None:
        for one in soak.tallies:
            for line in failures(one, after=self._told.get(one.part.name, 0)):
                self._terminal.stream.write(f"{_CLEAR if self._is_live else ''}{line}\n")
            self._told[one.part.name] = len(one.failures)

    def end(self) -> None:
        """Take the line away."""
        if self._is_live:
            self._terminal.stream.write(_CLEAR)
            self._terminal.stream.flush()
