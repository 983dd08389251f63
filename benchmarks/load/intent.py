"""What one user wanted once, and every attempt they made for it: what workers report. Data only."""

import msgspec

from firstbyte.harness.model.verdict import End


class Attempt(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One request as the client saw it.

    status: None = no answer began. took: milliseconds until the user knew. connected: False = it never left.
    """

    status: int | None
    end: End
    took: float
    connected: bool = True

    @property
    def is_ok(self) -> bool:
        """A complete 2xx: the user is told that it worked."""
        return self.status is not None and 200 <= self.status <= 299 and self.end is End.COMPLETE


class Intent(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """text: what was sent, unique over all machines, and how the server's messages are told apart. session:
    where. cut: the user was taken away before they were told anything, at the end of the run.
    """

    text: str
    session: str
    attempts: tuple[Attempt, ...]
    cut: bool = False

    @property
    def took(self) -> float:
        """Milliseconds of waiting, all attempts together."""
        return sum(attempt.took for attempt in self.attempts)


def packed(intents: list[Intent]) -> list[object]:
    """As plain lists, for a message to the master."""
    plain: list[object] = msgspec.to_builtins(intents)
    return plain


def unpacked(plain: object) -> list[Intent]:
    """Back again. Raises msgspec.ValidationError for what another version has sent."""
    return msgspec.convert(plain, list[Intent])
