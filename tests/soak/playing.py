"""Plays parts in rounds until all of each has been played, or the time that was given is used up.

It must never start a round that would take longer than what is left, nor hide a part that it has not reached.
"""

from collections.abc import Callable, Sequence

import msgspec

from tests.soak.part import Failure, Part, Round, replay_of


class Tally(msgspec.Struct, kw_only=True):
    """What has come of one part so far. seconds: that its rounds took."""

    part: Part
    rounds: int = 0
    cases: int = 0
    held_up: int = 0
    seconds: float = 0.0
    failures: list[Failure] = msgspec.field(default_factory=list)
    skipped: list[str] = msgspec.field(default_factory=list)

    @property
    def done(self) -> float:
        """1 for all of it."""
        return self.rounds / self.part.whole

    @property
    def expected(self) -> float:
        """Seconds that the next round is likely to take."""
        return self.seconds / self.rounds if self.rounds else self.part.about

    @property
    def left(self) -> float:
        """Seconds until all of it has been played."""
        return self.expected * max(self.part.whole - self.rounds, 0)

    def add(self, played: Round, seconds: float) -> None:
        """One more round."""
        self.rounds += 1
        self.cases += played.cases
        self.held_up += played.held_up
        self.seconds += seconds
        self.failures += played.failures
        self.skipped += played.skipped


class Soak:
    """now: seconds of a clock that never goes back. limit: seconds it may take; None plays all once."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        seed: int,
        limit: float | None,
        now: Callable[[], float],
        before: Callable[["Soak", Tally], None] = lambda _soak, _tally: None,
    ) -> None:
        self.tallies = tuple(Tally(part=part) for part in parts)
        self.limit = limit
        self.interrupted = False
        self.seed = seed
        self._now = now
        self._before = before
        self._began = now()

    def __repr__(self) -> str:
        return f"<Soak {', '.join(f'{one.part.name} {one.rounds}' for one in self.tallies)}>"

    @property
    def elapsed(self) -> float:
        """Seconds since its beginning."""
        return self._now() - self._began

    @property
    def unused(self) -> float:
        """Seconds of the time that was given and not used."""
        return 0.0 if self.limit is None else max(self.limit - self.elapsed, 0.0)

    @property
    def left(self) -> float:
        """Seconds that are likely to be left."""
        return sum(one.left for one in self.tallies) if self.limit is None else self.unused

    @property
    def fits_nothing(self) -> bool:
        """No part has a round that is short enough."""
        return self._next() is None

    def seed_of(self, tally: Tally) -> int:
        """Of its next round."""
        return self.seed + tally.rounds

    def play(self) -> None:
        """Until it is over, or Ctrl-C: the round that it comes in does not count."""
        try:
            while tally := self._next():
                self._before(self, tally)
                began = self._now()
                played = _played(tally.part, self.seed_of(tally))
                tally.add(played, self._now() - began)
        except KeyboardInterrupt:
            self.interrupted = True

    def _next(self) -> Tally | None:
        """Without a limit one part after the other; with one, of those whose round fits in, that of which the
        least has been played.
        """
        if self.limit is None:
            return next((one for one in self.tallies if one.rounds < one.part.whole), None)
        fitting = [one for one in self.tallies if one.expected <= self.unused]
        return min(fitting, key=lambda one: one.done, default=None)


def _played(part: Part, seed: int) -> Round:
    """One round. What breaks it is a failure, not the end of a soak of hours."""
    try:
        return part.play(seed)
    except Exception as error:  # noqa: BLE001 - the rim of the soak
        what = f"{type(error).__name__}: {error}"
        return Round(failures=(Failure(what=what, seed=seed, replay=replay_of(part.name, seed)),))
