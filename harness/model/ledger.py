"""What the origin knows of each message: the truth that the client's belief is compared with.

It is read from the origin's own store once the origin is idle or restarted, and never filled from what a
client or an edge saw.
"""

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A durable user message. intent: the user's intent it came from: its text, or the client's tag."""

    id: str
    intent: str


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The origin's account of one run.

    model_calls: by intent. stages: for each intent the last stage reached, of arrived, admitted, persisted,
    started, finished, failed, aborted. body_bytes: by request number, how many bytes of body the origin meant
    to send; -1 = it could not complete the answer. complete: False when the origin could not be asked.
    tells_arrivals: False when the origin reports only what it has stored, so that a request that it does not
    mention may have arrived.
    """

    messages: tuple[Message, ...] = ()
    model_calls: dict[str, int] = {}
    stages: dict[str, str] = {}
    body_bytes: dict[int, int] = {}
    complete: bool = True
    tells_arrivals: bool = True

    def effects(self, intent: str) -> int:
        """Durable user messages for one intent."""
        return sum(message.intent == intent for message in self.messages)
