"""The client's side of a predicted exchange: when the header is sent, how it is framed, how it breaks off.

Our own client's reader reads what is written here, so a prediction says what that client would have said.
"""

from firstbyte.harness.client.reading import AnswerReader
from firstbyte.harness.model.profile import Ending, Framing, HoldHeader, Mutation, On204, Profile
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict.head import (
    FINAL,
    NO_CONTENT,
    SWITCHING,
    Fields,
    Head,
    forwarded,
    on_the_wire,
    without,
)
from firstbyte.proxies.rules.cut import KEPT_BACK, Break, holds_bytes
from firstbyte.proxies.rules.message import has_no_body


class ToClient:
    """The client, and what it has seen so far."""

    def __init__(self, method: str) -> None:
        self._reader = AnswerReader(method)
        self.end: End | None = None
        self.at: int | None = None

    @property
    def status(self) -> int | None:
        """The final status the client has."""
        return self._reader.status

    def write(self, data: bytes, now: int) -> None:
        """Bytes reach the client."""
        if data and self.end is None:
            self._reader.feed(data)
            self._look(now)

    def close(self, now: int) -> None:
        """FIN."""
        if self.end is None:
            self._reader.feed(b"")
            self._look(now)
            self._finish(End.TRUNCATED, now)

    def reset(self, now: int) -> None:
        """RST."""
        self._finish(End.RESET, now)

    def _look(self, now: int) -> None:
        if self._reader.is_done:
            self._finish(End.COMPLETE if self._reader.is_complete else End.TRUNCATED, now)

    def _finish(self, end: End, now: int) -> None:
        if self.end is None:
            self.end, self.at = end, now


class PredictedReply:
    """One answer on its way to the client.

    `begin` and `data` return whether anything was written.
    """

    def __init__(self, profile: Profile, method: str, client: ToClient) -> None:
        self._profile = profile
        self._method = method
        self._client = client
        self._kept = bytearray()
        self._keeps_back = False
        self._fields: Fields = ()
        self.head: Head | None = None
        self.framing = Framing.LENGTH
        self.header_forwarded = False

    def interim(self, head: Head, now: int) -> None:
        """Send a 1xx, unless the header has been sent already."""
        if not self.header_forwarded:
            self._client.write(on_the_wire(head.status, head.reason, forwarded(head)), now)

    def begin(self, head: Head, now: int) -> bool:
        """The origin's header is complete."""
        self.head = head
        fields = mutated(head, self._profile.mutation)
        self.framing = head._replace(fields=fields).framing
        self._fields = self._framed(head, fields)
        self._keeps_back = holds_bytes(self._profile.cut, self.framing)
        if head.status == SWITCHING or self._profile.hold_header is HoldHeader.NO:
            return self._flush_header(now)
        return False

    def _framed(self, head: Head, fields: Fields) -> Fields:
        kept = forwarded(head._replace(fields=fields))
        if head.is_raw:
            return kept
        is_to_chunk = self.framing is Framing.CLOSE and self._profile.mutation.close_delimited_to_chunked
        if has_no_body(self._method, head.status) or not is_to_chunk:
            return kept
        return (*without(kept, b"transfer-encoding"), (b"Transfer-Encoding", b"chunked"))

    def _flush_header(self, now: int) -> bool:
        if self.head is None or self.header_forwarded:
            return False
        self.header_forwarded = True
        if self.head.is_raw:
            return True
        self._client.write(on_the_wire(self.head.status, self.head.reason, self._fields), now)
        return True

    @property
    def _is_chunked(self) -> bool:
        return any(
            name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
            for name, value in self._fields
        )

    def data(self, data: bytes, now: int) -> bool:
        """Bytes of the body."""
        if self._profile.hold_header is HoldHeader.UNTIL_END:
            self._kept += data
            return False
        written = self._flush_header(now)
        self._kept += data
        if self._keeps_back and len(self._kept) <= KEPT_BACK:
            return written
        return self._flush_kept(now) or written

    def _flush_kept(self, now: int) -> bool:
        data = bytes(self._kept)
        self._kept.clear()
        self._client.write(b"%x\r\n%s\r\n" % (len(data), data) if data and self._is_chunked else data, now)
        return bool(data)

    def complete(self, now: int, *, upload_ended: bool) -> None:
        """The origin's answer is complete."""
        head = self.head
        assert head is not None
        if not self.header_forwarded and self._profile.hold_header is HoldHeader.UNTIL_END:
            self._measure(head)
        self._flush_header(now)
        self._flush_kept(now)
        if self._is_chunked and self._method != "HEAD":
            self._client.write(b"0\r\n\r\n", now)
        if not upload_ended or self._ends_with_close(head):
            self._client.close(now)

    def _measure(self, head: Head) -> None:
        if not has_no_body(self._method, head.status):
            kept = without(without(self._fields, b"transfer-encoding"), b"content-length")
            self._fields = (*kept, (b"Content-Length", b"%d" % len(self._kept)))

    def _ends_with_close(self, head: Head) -> bool:
        if head.status < FINAL:
            return True  # an interim taken for the answer: whatever follows is its body
        names = {name.lower() for name, _ in self._fields}
        return not has_no_body(self._method, head.status) and names.isdisjoint(
            {b"content-length", b"transfer-encoding"}
        )

    def break_off(self, how: Break, now: int, *, upload_ended: bool) -> None:
        """The answer can't be completed."""
        holds_all = self._profile.hold_header is HoldHeader.UNTIL_END and not self.header_forwarded
        if how.http1 is Ending.CLEAN and holds_all:
            self.complete(now, upload_ended=upload_ended)
            return
        self._flush_header(now)
        if how.loses_buffered:
            self._kept.clear()
        self._flush_kept(now)
        self._end(how.http1, now)

    def _end(self, ending: Ending, now: int) -> None:
        assert self.head is not None
        is_chunked = self._is_chunked and not has_no_body(self._method, self.head.status)
        if ending is Ending.RESET:
            self._client.reset(now)
        elif ending is Ending.HANG:
            return
        elif ending is Ending.CLEAN and is_chunked:
            self._client.write(b"0\r\n\r\n", now)
        else:
            if ending is Ending.BAD_CHUNK and is_chunked:
                self._client.write(b"\r\n1\r\n", now)
            self._client.close(now)

    def answer(self, status: int, now: int) -> None:
        """Send the edge's own answer. status 0: no answer, the connection is closed."""
        if status == 0:
            self._client.close(now)
        else:
            self._client.write(on_the_wire(status, b"", ((b"Content-Length", b"0"),)), now)


def mutated(head: Head, mutation: Mutation) -> Fields:
    """The fields after the changes that the profile makes."""
    fields = head.fields
    if head.status == NO_CONTENT and head.announces_body and mutation.framed_204 is On204.STRIP:
        fields = without(without(fields, b"transfer-encoding"), b"content-length")
    names = {name.lower() for name, _ in fields}
    if head.status == NO_CONTENT and mutation.type_on_bare_204 and b"content-type" not in names:
        fields = (*fields, (b"Content-Type", mutation.type_on_bare_204.encode()))
    added = tuple((name.encode(), value.encode()) for name, value in mutation.adds)
    return (*fields, *(field for field in added if field[0].lower() not in names))
