"""What the origin knows of each message: the truth the client's belief is compared with.

Read from the origin's own store once it is idle or restarted. It must never be filled from what a client or
an edge saw.
"""

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A durable user message. intent: the user's intent it came from (its text, or what the client tagged it
    with).
    """

    id: str
    intent: str


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The origin's account of one run.

    messages: durable user messages. Counts are by intent. stages: for each intent the last stage reached, of
    arrived, admitted, persisted, started, finished, failed, aborted. body_bytes: by request number, the
    bytes of the answer's body the origin meant to send; -1 = it could not bring the answer to its end.
    complete: False when the origin could not be asked. tells_arrivals: False when it tells only what it has
    stored, so that silence about a request proves nothing.
    """

    messages: tuple[Message, ...] = ()
    model_calls: dict[str, int] = {}
    stages: dict[str, str] = {}
    body_bytes: dict[int, int] = {}
    complete: bool = True
    tells_arrivals: bool = True

    def effects(self, intent: str) -> int:
        """Durable user messages for one intent."""
        return sum(1 for message in self.messages if message.intent == intent)
