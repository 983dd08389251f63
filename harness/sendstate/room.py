"""What a rule counts: its own texts, and what came after it began.

A page may have one room for everybody who ever used it, with the messages of earlier rules in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from firstbyte.harness.sendstate.seen import Frame, Said, ShownMessage
from firstbyte.tokens import random_hex

TAG_LENGTH = 6


class Room:
    """The messages of one page. tag: what the texts of this rule end with."""

    def __init__(self) -> None:
        self.tag = random_hex(TAG_LENGTH)
        self._said: Sequence[Said] = ()
        self._shown: Sequence[ShownMessage] = ()
        self.failures: frozenset[str] = frozenset()
        """What stood where failures are told before the rule did anything."""

    def __repr__(self) -> str:
        return f"<Room {self.tag}: {len(self._said)} messages before>"

    def begin(self, said: Sequence[Said], frame: Frame) -> None:
        """Note what was there before the rule did anything."""
        self._said, self._shown = said, frame.messages
        self.failures = frozenset(frame.failures)

    def tagged(self, text: str) -> str:
        """A text that no other rule sends."""
        return f"{text} {self.tag}"

    def plain(self, texts: Iterable[str]) -> list[str]:
        """Texts without the tag, for people."""
        return [text.removesuffix(f" {self.tag}") for text in texts]

    def own(self, texts: Iterable[str]) -> list[str]:
        """Those of the texts that this rule has sent."""
        return [text for text in texts if self.tag in text]

    def new_said(self, said: Iterable[Said]) -> list[Said]:
        """What the server has more than before."""
        return _without(said, self._said)

    def new_shown(self, frame: Frame) -> Frame:
        """The frame without the messages that were shown before."""
        return replace(frame, messages=tuple(_without(frame.messages, self._shown)))


def _without[Message: (Said, ShownMessage)](
    messages: Iterable[Message], before: Iterable[Message]
) -> list[Message]:
    """The messages, less one for each that was there before."""
    left = Counter((one.text, one.mine) for one in before)
    new = []
    for one in messages:
        key = (one.text, one.mine)
        if left[key] > 0:
            left[key] -= 1
        else:
            new.append(one)
    return new
