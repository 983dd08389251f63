"""What a user saw, frame by frame, as the recorder in the page noted it. Pure data and questions about it."""

from itertools import pairwise

import msgspec


class ShownMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on the page. pending: marked as not (yet) sent."""

    text: str
    mine: bool
    pending: bool


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What was visible from `at` on (microseconds of Unix time). failures: texts where failures are told."""

    at: int
    composer: str
    messages: tuple[ShownMessage, ...]
    failures: tuple[str, ...]
    body: str

    @property
    def sent(self) -> tuple[str, ...]:
        """The user's messages that are shown as sent."""
        return tuple(one.text for one in self.messages if one.mine and not one.pending)

    @property
    def unsent(self) -> tuple[str, ...]:
        """The user's messages that are marked as not (yet) sent."""
        return tuple(one.text for one in self.messages if one.mine and one.pending)

    @property
    def answers(self) -> tuple[str, ...]:
        """The other side's messages."""
        return tuple(one.text for one in self.messages if not one.mine)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message the server has."""

    text: str
    mine: bool


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What a screen reader was told, and when (microseconds of Unix time)."""

    at: int
    text: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All frames of one page so far, and all that was announced."""

    frames: tuple[Frame, ...]
    announced: tuple[Announced, ...]

    @property
    def now(self) -> Frame:
        """What is visible."""
        return self.frames[-1]

    def came_back(self, text: str) -> bool:
        """Whether a text is in the composer again after it had left it, or never left it."""
        if self.now.composer == text:
            return True
        held = [frame.composer == text for frame in self.frames]
        changes = [after for before, after in pairwise(held) if before != after]
        return changes.count(True) > 1
