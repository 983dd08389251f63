"""HTTP/2 towards a client: nothing in a field becomes a request of its own, and no flood has an end alone."""

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import pytest

from firstbyte.proxies.rules.config import (
    MAX_HEADER_BYTES,
    MAX_HEADER_FIELDS,
    MAX_HTTP2_CHATTER,
    MAX_HTTP2_RESETS,
)
from tests.proxies.lab import OK, Client, Lab, forever, head_of, profile, simulate

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CONFIG = h2.config.H2Configuration(
    validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding=None
)
BASE = ((b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/"))

type Fields = tuple[tuple[bytes, bytes], ...]


def but(name: bytes, value: bytes) -> Fields:
    """The base with one pseudo-header changed."""
    return tuple((key, value if key == name else old) for key, old in BASE)


#: Field lists an HTTP/1.1 origin could read as more than they are.
CASES: dict[str, Fields] = {
    "a method with a line": but(b":method", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"),
    "a method with a space": but(b":method", b"GET /smuggled HTTP/1.1"),
    "a path with a line": but(b":path", b"/ HTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN),
    "a path with a space": but(b":path", b"/ HTTP/1.1 x"),
    "an authority with a line": but(b":authority", b"a\r\n\r\n" + HIDDEN),
    "a scheme with a line": but(b":scheme", b"http://a/ HTTP/1.1\r\n\r\n" + HIDDEN),
    "a value with a line": (*BASE, (b"x", b"y\r\n\r\n" + HIDDEN)),
    "a value with a bare LF": (*BASE, (b"x", b"y\ntransfer-encoding: chunked")),
    "a name with a line": (*BASE, (b"x: y\r\n\r\nGET /smuggled HTTP/1.1\r\nz", b"1")),
    "a name with a colon": (*BASE, (b"transfer-encoding: chunked", b"1")),
    "a name with a space": (*BASE, (b"content-length ", b"0")),
    "an upper-case name": (*BASE, (b"Transfer-Encoding", b"chunked")),
    "H2.TE": (*BASE, (b"transfer-encoding", b"chunked")),
    "H2.CL, too short": (*BASE, (b"content-length", b"0")),
    "two lengths": (*BASE, (b"content-length", b"0"), (b"content-length", b"36")),
    "a length with a sign": (*BASE, (b"content-length", b"+0")),
    "two paths": (*BASE, (b":path", b"/smuggled")),
    "a pseudo-header after a field": ((b"x", b"y"), *BASE),
    "an unknown pseudo-header": (*BASE, (b":x", b"y")),
    "Host beside another authority": (*BASE, (b"host", b"elsewhere.example")),
    "a connection field": (*BASE, (b"connection", b"transfer-encoding")),
    "CONNECT": ((b":method", b"CONNECT"), (b":authority", b"elsewhere.example:80")),
    "extended CONNECT": (*but(b":method", b"CONNECT"), (b":protocol", b"websocket")),
    "a path to elsewhere": but(b":path", b"http://elsewhere.example/smuggled"),
    "no path": BASE[:3],
}


class Talk:
    """A client that says what it likes."""

    def __init__(self, client: Client) -> None:
        self.conn = h2.connection.H2Connection(CONFIG)
        self._client = client
        self.events: list[h2.events.Event] = []
        self.conn.initiate_connection()

    def send(self) -> None:
        """What has been queued."""
        self._client.send(self.conn.data_to_send())

    def open(self, fields: Fields = BASE, *, body: bytes | None = None) -> int:
        """A request, queued."""
        stream = self.conn.get_next_available_stream_id()
        self.conn.send_headers(stream, fields, end_stream=body is None)
        if body is not None:
            self.conn.send_data(stream, body, end_stream=True)
        return stream

    async def until(self, is_there: Callable[[h2.events.Event], bool]) -> bool:
        """Read until there is such an event; False when the edge has closed before."""
        while not any(map(is_there, self.events)):
            data = await self._client.reader.read(65536)
            if not data:
                return False
            self.events += self.conn.receive_data(data)
        return True

    def status(self) -> bytes:
        """Of the first answer; b'' when there is none."""
        answers = (one for one in self.events if isinstance(one, h2.events.ResponseReceived))
        return next((dict(one.headers or ())[b":status"] for one in answers), b"")

    def goodbye(self) -> int | None:
        """The code the edge closed with."""
        found = [one for one in self.events if isinstance(one, h2.events.ConnectionTerminated)]
        return int(found[0].error_code or 0) if found else None


def is_over(event: h2.events.Event) -> bool:
    return isinstance(event, h2.events.StreamEnded | h2.events.StreamReset | h2.events.ConnectionTerminated)


def is_goodbye(event: h2.events.Event) -> bool:
    return isinstance(event, h2.events.ConnectionTerminated)


@pytest.mark.parametrize("fields", [pytest.param(fields, id=name) for name, fields in CASES.items()])
def test_no_field_becomes_a_second_request(fields: Fields) -> None:
    got: list[bytes] = []

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        while data := await reader.read(65536):
            got.append(data)

    async def main(lab: Lab) -> None:
        talk = Talk(await lab.connect())
        talk.open(fields, body=HIDDEN)
        talk.send()
        await talk.until(is_over)
        await asyncio.sleep(10)

    simulate(origin, profile(), main)
    seen = b"".join(got)
    head, _, body = seen.partition(b"\r\n\r\n")
    assert head.count(b" HTTP/1.1") == bool(seen)
    assert b"transfer-encoding: chunked" not in head.lower() or b"content-length" not in head.lower()
    if HIDDEN in body:  # as the body it was sent as: its end is told, and nothing comes after it
        assert b"content-length: %d" % len(HIDDEN) in head.lower() or body == b"%x\r\n%b\r\n0\r\n\r\n" % (
            len(HIDDEN),
            HIDDEN,
        )


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await head_of(reader)
        writer.write(OK)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


@pytest.mark.parametrize(
    ("count", "status"), [(MAX_HEADER_FIELDS - 5, b"200"), (MAX_HEADER_FIELDS + 1, b"431")]
)
def test_a_request_has_so_many_fields_at_most(count: int, status: bytes) -> None:
    async def main(lab: Lab) -> bytes:
        talk = Talk(await lab.connect())
        talk.open((*BASE, *[(b"x", b"y")] * count))
        talk.send()
        await talk.until(is_over)
        return talk.status()

    assert simulate(answering, profile(), main) == status


def test_the_length_of_a_field_list_is_announced_and_held() -> None:
    async def main(lab: Lab) -> tuple[int | None, int | None, int]:
        talk = Talk(await lab.connect())
        talk.open((*BASE, *[(b"x", b"y" * 1000)] * 66))
        talk.send()
        await talk.until(is_goodbye)
        return talk.conn.remote_settings.max_header_list_size, talk.goodbye(), lab.connections

    announced, goodbye, connections = simulate(answering, profile(), main)
    assert announced == MAX_HEADER_BYTES
    assert goodbye is not None
    assert connections == 0


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


RST, SETTINGS, PING, CONTINUATION, PRIORITY = 3, 4, 6, 9, 2


@pytest.mark.parametrize(
    ("name", "flood"),
    [
        ("continuation", frame(1, 0, 1, b"") + frame(CONTINUATION, 0, 1, b"") * 100),
        ("ping", frame(PING, 0, 0, bytes(8)) * (MAX_HTTP2_CHATTER + 1)),
        ("settings", frame(SETTINGS, 0, 0, b"\0\3\0\0\0\1") * (MAX_HTTP2_CHATTER + 1)),
        ("priority", frame(PRIORITY, 0, 1, bytes(4) + b"\1") * (MAX_HTTP2_CHATTER + 1)),
        ("unknown", frame(0xEE, 0, 0) * (MAX_HTTP2_CHATTER + 1)),
    ],
)
def test_a_flood_ends_with_the_connection(name: str, flood: bytes) -> None:
    async def main(lab: Lab) -> tuple[bool, int | None, int]:
        client = await lab.connect()
        talk = Talk(client)
        talk.send()
        client.send(flood)
        async with asyncio.timeout(60):
            ended = await talk.until(is_goodbye)
            again = await lab.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return ended, talk.goodbye(), again.status

    ended, code, status = simulate(answering, profile(), main)
    assert (ended, status) == (True, 200)
    expected = (
        h2.errors.ErrorCodes.PROTOCOL_ERROR
        if name == "continuation"
        else h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    )
    assert code == expected


def test_rapid_resets_end_with_the_connection_and_leave_nothing_at_the_edge() -> None:
    async def main(lab: Lab) -> tuple[int | None, int]:
        talk = Talk(await lab.connect())
        for _ in range(MAX_HTTP2_RESETS + 1):
            talk.conn.reset_stream(talk.open(), h2.errors.ErrorCodes.CANCEL)
            talk.send()
        async with asyncio.timeout(60):
            await talk.until(is_goodbye)
        await asyncio.sleep(10)
        return talk.goodbye(), lab.edge.active

    assert simulate(silent, profile(), main) == (h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, 0)


def test_a_client_has_so_many_streams_at_a_time() -> None:
    async def main(lab: Lab) -> tuple[int, int | None]:
        client = await lab.connect()
        talk = Talk(client)
        talk.send()
        await talk.until(lambda event: isinstance(event, h2.events.RemoteSettingsChanged))
        allowed = talk.conn.remote_settings.max_concurrent_streams
        talk.conn.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 1_000
        talk.conn.remote_settings.acknowledge()
        for _ in range(allowed + 1):
            talk.open()
        talk.send()
        await talk.until(is_goodbye)
        return allowed, talk.goodbye()

    allowed, code = simulate(silent, profile(), main)
    assert (allowed, code is not None) == (100, True)
