"""Reads one HTTP/1.1 answer as its bytes come: first byte, header lines, 1xx, header, body, end.

h11 does the parsing. This adds what h11 doesn't report: the lines of a header that is not complete yet.
Pure: bytes in, sightings out.
"""

from enum import StrEnum
from functools import cache

import h11
import msgspec

MAX_KEPT_BODY = 4096
MAX_HEADER = 1 << 20
SWITCHING_PROTOCOLS = 101


class Sight(StrEnum):
    """The kinds of sightings. The comment gives the meaning of `Sighting.value`."""

    FIRST_BYTE = "first-byte"
    HEADER_LINE = "header-line"  # lines so far
    INTERIM = "interim"  # status
    HEADER = "header"  # status
    BODY = "body"  # bytes
    COMPLETE = "complete"
    TRUNCATED = "truncated"
    RESET = "reset"  # an HTTP/2 stream's
    GARBAGE = "garbage"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was seen."""

    sight: Sight
    value: int = 0


class AnswerReader:
    """Reads one answer. It is done after COMPLETE, TRUNCATED or GARBAGE."""

    def __init__(self, method: str, *, keep: int = MAX_KEPT_BODY) -> None:
        self._keep = keep
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER)
        self._h11.send(_question(method))
        self._h11.send(h11.EndOfMessage())
        self._seen_first = False
        self._is_tunnel = False
        self._lines = 0
        self._newlines = 0
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.body_bytes = 0
        self.is_done = False
        self.is_complete = False
        self.framing_ok = True
        self.keep_alive = False
        self.error = ""

    def to_send(self) -> bytes:
        """Return nothing. HTTP/2 has frames to send while it reads; HTTP/1 has not."""
        return b""

    def __repr__(self) -> str:
        return f"<AnswerReader status={self.status} body={self.body_bytes} done={self.is_done}>"

    def feed(self, data: bytes) -> list[Sighting]:
        """Return what these bytes show, in order. `b""` is FIN."""
        seen: list[Sighting] = []
        if data and not self._seen_first:
            self._seen_first = True
            seen.append(Sighting(sight=Sight.FIRST_BYTE))
        if self.status is None:
            self._newlines += data.count(b"\n")
        if self._is_tunnel:
            self._on_tunnel(data, seen)
            return seen
        try:
            self._h11.receive_data(data)
            self._drain(seen)
        except h11.RemoteProtocolError:
            self._end(seen, Sight.GARBAGE if data else Sight.TRUNCATED)
        if self.status is None and not self.is_done:
            self._count_lines(seen)
        return seen

    def _count_lines(self, seen: list[Sighting]) -> None:
        if self._newlines > self._lines:
            self._lines = self._newlines
            seen.append(Sighting(sight=Sight.HEADER_LINE, value=self._lines))

    def _drain(self, seen: list[Sighting]) -> None:
        while not (self.is_done or self._is_tunnel):
            event = self._h11.next_event()
            match event:
                case h11.InformationalResponse():
                    self._on_interim(event, seen)
                case h11.Response():
                    self.status = event.status_code
                    self.headers = _text(event.headers)
                    seen.append(Sighting(sight=Sight.HEADER, value=event.status_code))
                case h11.Data():
                    self._on_body(bytes(event.data), seen)
                case h11.EndOfMessage():
                    self._on_complete(seen)
                case h11.ConnectionClosed():
                    self._end(seen, Sight.TRUNCATED)
                case _:
                    return

    def _on_interim(self, event: h11.InformationalResponse, seen: list[Sighting]) -> None:
        self._newlines, self._lines = self._h11.trailing_data[0].count(b"\n"), 0
        if event.status_code != SWITCHING_PROTOCOLS:
            seen.append(Sighting(sight=Sight.INTERIM, value=event.status_code))
            return
        self.status = event.status_code
        self.headers = _text(event.headers)
        seen.append(Sighting(sight=Sight.HEADER, value=event.status_code))
        self._is_tunnel = True
        if behind := self._h11.trailing_data[0]:
            self._on_body(behind, seen)

    def _on_tunnel(self, data: bytes, seen: list[Sighting]) -> None:
        """RFC 9110 7.8: after a 101 the connection uses another protocol until it is closed."""
        if data:
            self._on_body(data, seen)
        else:
            self._end(seen, Sight.COMPLETE)

    def _on_body(self, data: bytes, seen: list[Sighting]) -> None:
        self.body_bytes += len(data)
        if len(self.body) < self._keep:
            self.body += data[: self._keep - len(self.body)]
        seen.append(Sighting(sight=Sight.BODY, value=len(data)))

    def _on_complete(self, seen: list[Sighting]) -> None:
        if self._h11.trailing_data[0] or (self.status == 204 and _announces_body(self.headers)):
            self.framing_ok = False
        self.keep_alive = self.framing_ok and self._h11.their_state is h11.DONE
        self._end(seen, Sight.COMPLETE)

    def _end(self, seen: list[Sighting], sight: Sight) -> None:
        self.is_done = True
        self.is_complete = sight is Sight.COMPLETE
        seen.append(Sighting(sight=sight))


@cache
def _question(method: str) -> h11.Request:
    """Return a request for h11, which needs the method to know whether the answer has a body."""
    return h11.Request(method=method, target="/", headers=[("Host", "x"), ("Upgrade", "x")])


def _text(headers: object) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)  # type: ignore[attr-defined] # h11 headers are untyped pairs


def _announces_body(headers: tuple[tuple[str, str], ...]) -> bool:
    """RFC 9112 6.1, 6.2: a 204 has no Transfer-Encoding or Content-Length. Content-Length: 0 is harmless."""
    return any(
        name.lower() == "transfer-encoding" or (name.lower() == "content-length" and value.strip() != "0")
        for name, value in headers
    )
