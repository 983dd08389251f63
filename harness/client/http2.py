"""Sends one request over HTTP/2 and reads its answer, as `AnswerReader` does for HTTP/1.1.

h2 does the framing. Some edges use only an error code to tell an HTTP/2 client what to do: REFUSED_STREAM
means that the request was not processed and may be sent again. Pure: bytes in, sightings and bytes out.
"""

from collections.abc import Iterator

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from firstbyte.harness.client.reading import MAX_KEPT_BODY, Sight, Sighting

REFUSED = "REFUSED_STREAM"


class Http2Exchange:
    """One request on its own connection. It has the interface of `AnswerReader`."""

    keep_alive = False
    framing_ok = True

    def __init__(self, fields: list[tuple[str, str]], body: bytes) -> None:
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(self._stream, fields, end_stream=not body)
        self._left = memoryview(body)
        self._seen_first = False
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.body_bytes = 0
        self.is_done = False
        self.is_complete = False
        self.error = ""
        self._send_body()

    def __repr__(self) -> str:
        return f"<Http2Exchange status={self.status} body={self.body_bytes} {self.error}>"

    def to_send(self) -> bytes:
        """Return the bytes that have to be written now."""
        return self._h2.data_to_send()

    def _send_body(self) -> None:
        """Send as much of the body as the server's flow control allows."""
        while self._left:
            window = self._h2.local_flow_control_window(self._stream)
            size = min(len(self._left), window, self._h2.max_outbound_frame_size)
            if size <= 0:
                return
            part, self._left = self._left[:size], self._left[size:]
            self._h2.send_data(self._stream, bytes(part), end_stream=not self._left)

    def feed(self, data: bytes) -> list[Sighting]:
        """Return what these bytes show, in order. b"" is FIN."""
        if not data:
            return list(self._end(Sight.TRUNCATED))
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            return list(self._end(Sight.GARBAGE))
        return [sighting for event in events if not self.is_done for sighting in self._see(event)]

    def _see(self, event: h2.events.Event) -> Iterator[Sighting]:
        match event:
            case h2.events.WindowUpdated():
                self._send_body()
            case h2.events.InformationalResponseReceived():
                yield from self._first()
                yield Sighting(sight=Sight.INTERIM, value=_status(_pairs(event.headers)))
            case h2.events.ResponseReceived():
                yield from self._first()
                self.headers = _pairs(event.headers)
                self.status = _status(self.headers)
                yield Sighting(sight=Sight.HEADER, value=self.status)
            case h2.events.DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, self._stream)
                yield from self._take(event.data or b"")
            case h2.events.StreamEnded():
                yield from self._end(Sight.COMPLETE)
            case h2.events.StreamReset():
                self.error = _code(event.error_code)
                yield from self._end(Sight.RESET)
            case h2.events.ConnectionTerminated():
                yield from self._end(Sight.TRUNCATED)

    def _first(self) -> Iterator[Sighting]:
        if not self._seen_first:
            self._seen_first = True
            yield Sighting(sight=Sight.FIRST_BYTE)

    def _take(self, data: bytes) -> Iterator[Sighting]:
        if data:
            self.body_bytes += len(data)
            self.body += data[: MAX_KEPT_BODY - len(self.body)]
            yield Sighting(sight=Sight.BODY, value=len(data))

    def _end(self, sight: Sight) -> Iterator[Sighting]:
        if not self.is_done:
            self.is_done = True
            self.is_complete = sight is Sight.COMPLETE
            yield Sighting(sight=sight)


def _pairs(headers: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in headers)  # type: ignore[attr-defined]  # h2's are pairs


def _status(headers: tuple[tuple[str, str], ...]) -> int:
    return int(next(value for name, value in headers if name == ":status"))


def _code(code: int | None) -> str:
    """Return the name of an error code, or its number if it is unknown."""
    named = [one.name for one in h2.errors.ErrorCodes if one == code]
    return named[0] if named else str(code)
