"""What a soak is made of: parts, which are played in rounds, and what a round came to."""

from collections.abc import Callable

import msgspec


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A case that went wrong. what: which, and how. seed: of its round. replay: the command line for it."""

    what: str
    seed: int
    replay: str


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round of a part came to.

    cases: how many were played. held_up: those of them that prove nothing, because this machine was too busy.
    skipped: why a test was not played, a reason for each.
    """

    cases: int = 0
    held_up: int = 0
    failures: tuple[Failure, ...] = ()
    skipped: tuple[str, ...] = ()


def replay_of(part: str, seed: int) -> str:
    """The command line that plays one round of a part again."""
    return f"make soak PARTS={part} ARGS='--seed {seed} --rounds 1'"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to play again and again.

    whole: so many rounds are all of it. about: seconds that a round takes, until one has been measured.
    play: one round from a seed; it ends what it started, also when it is interrupted.
    """

    name: str
    unit: str
    whole: int
    about: float
    play: Callable[[int], Round]

    def with_rounds(self, rounds: int) -> "Part":
        """The same, with so many rounds for all of it."""
        return msgspec.structs.replace(self, whole=rounds)
