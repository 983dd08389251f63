"""TLS to the client with HTTP/1.1 and HTTP/2: answers, interims, cuts and uploads as on plain HTTP/1.1."""

import asyncio
import ssl
import stat
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from firstbyte.harness.model.profile import Answer, Cut, HoldHeader
from firstbyte.proxies.program.tls import make_tls, temporary_tls
from firstbyte.proxies.rules.config import TlsFiles
from tests.proxies.lab import CHUNKED, GAP, HEADER, OK, Lab, forever, get, head_of, on_sockets, profile, timer

SHORT = timer(HEADER, limit=200_000)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def trusting(tls: TlsFiles, alpn: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.authority))
    context.set_alpn_protocols([alpn])
    return context


class H2Client:
    """A raw HTTP/2 client that keeps every event."""

    def __init__(self, lab: Lab, tls: TlsFiles) -> None:
        self.events: list[h2.events.Event] = []
        self.conn = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._lab = lab
        self._tls = tls

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            *self._lab.address, ssl=trusting(self._tls, "h2"), server_hostname="127.0.0.1"
        )
        assert self.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self.conn.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.writer.write(self.conn.data_to_send())

    def request(self, method: str = "GET", path: str = "/", *, end: bool = True) -> int:
        stream = self.conn.get_next_available_stream_id()
        fields = [(":method", method), (":path", path), (":scheme", "https"), (":authority", "lab")]
        self.conn.send_headers(stream, fields, end_stream=end)
        self.flush()
        return stream

    async def until(self, kind: type[h2.events.Event], count: int = 1) -> list[h2.events.Event]:
        while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
            data = await self.reader.read(65536)
            assert data, f"closed after {self.events}"
            new = self.conn.receive_data(data)
            for event in new:
                if isinstance(event, h2.events.DataReceived):
                    self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.events += new
            self.flush()
        return found

    def status(self, stream: int) -> str:
        (found,) = [
            e for e in self.events if isinstance(e, h2.events.ResponseReceived) and e.stream_id == stream
        ]
        return next(str(value) for name, value in found.headers if str(name) == ":status")

    def body(self, stream: int) -> bytes:
        return b"".join(
            e.data for e in self.events if isinstance(e, h2.events.DataReceived) and e.stream_id == stream
        )


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


def test_the_key_is_private_and_gone_afterwards() -> None:
    with temporary_tls("127.0.0.1") as files:
        assert stat.S_IMODE(files.key.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert not Path(files.key.parent).exists()


def test_http1_over_tls_gets_its_524(tls: TlsFiles) -> None:
    async def main(lab: Lab) -> bytes:
        reader, writer = await asyncio.open_connection(
            *lab.address, ssl=trusting(tls, "http/1.1"), server_hostname="127.0.0.1"
        )
        writer.write(get())
        line = await reader.readline()
        writer.close()
        return line

    assert on_sockets(silent, profile(SHORT), main, tls=tls) == b"HTTP/1.1 524 \r\n"


def test_three_http2_streams_get_three_524s_on_one_connection(tls: TlsFiles) -> None:
    async def main(lab: Lab) -> list[tuple[str, bytes]]:
        client = H2Client(lab, tls)
        await client.open()
        streams = [client.request() for _ in range(3)]
        await client.until(h2.events.StreamEnded, 3)
        client.writer.close()
        return [(client.status(stream), client.body(stream)) for stream in streams]

    assert on_sockets(silent, profile(SHORT), main, tls=tls) == [("524", b"edge 524")] * 3


@pytest.mark.parametrize(("code", "expected"), [("INTERNAL_ERROR", 2), ("CANCEL", 8), ("clean", None)])
def test_a_cut_resets_the_stream_with_the_profiles_code(
    tls: TlsFiles, code: str, expected: int | None
) -> None:
    async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(CHUNKED + b"5\r\nhello\r\n")
        await forever()

    async def main(lab: Lab) -> tuple[str, bytes, int | None]:
        client = H2Client(lab, tls)
        await client.open()
        stream = client.request()
        (end,) = await client.until(h2.events.StreamEnded if expected is None else h2.events.StreamReset)
        client.writer.close()
        return client.status(stream), client.body(stream), getattr(end, "error_code", None)

    gap = timer(GAP, limit=200_000)
    assert on_sockets(stalling, profile(gap, cut=Cut(http2=code)), main, tls=tls) == (
        "200",
        b"hello",
        expected,
    )


def test_an_answer_with_a_code_of_its_own_resets_the_stream(tls: TlsFiles) -> None:
    async def main(lab: Lab) -> int | None:
        client = H2Client(lab, tls)
        await client.open()
        client.request("POST")
        (end,) = await client.until(h2.events.StreamReset)
        client.writer.close()
        return getattr(end, "error_code", None)

    refusing = {"timeout": Answer(status=502, h2_error="REFUSED_STREAM")}
    assert on_sockets(silent, profile(SHORT, more_answers=refusing), main, tls=tls) == 7


def test_interims_reach_an_http2_client_before_the_answer(tls: TlsFiles) -> None:
    async def hinting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)
        await forever()

    async def main(lab: Lab) -> tuple[str, bytes, int]:
        client = H2Client(lab, tls)
        await client.open()
        stream = client.request()
        await client.until(h2.events.StreamEnded)
        client.writer.close()
        hints = [
            event for event in client.events if isinstance(event, h2.events.InformationalResponseReceived)
        ]
        return client.status(stream), client.body(stream), len(hints)

    assert on_sockets(hinting, profile(), main, tls=tls) == ("200", b"ok", 1)


def test_requests_of_one_http2_connection_share_connections_to_the_origin(tls: TlsFiles) -> None:
    async def prompt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await head_of(reader)
            assert b"Host: lab\r\n" in head
            if b"chunked" in head:
                await reader.readuntil(b"0\r\n\r\n")
            writer.write(OK)

    async def main(lab: Lab) -> tuple[int, list[str]]:
        client = H2Client(lab, tls)
        await client.open()
        statuses = []
        for number in range(3):
            stream = client.request("POST", end=False)
            client.conn.send_data(stream, b"body", end_stream=True)
            client.flush()
            await client.until(h2.events.StreamEnded, number + 1)
            statuses.append(client.status(stream))
        client.writer.close()
        return lab.connections, statuses

    assert on_sockets(prompt, profile(), main, tls=tls) == (1, ["200"] * 3)


def test_a_reset_stream_is_a_client_that_left(tls: TlsFiles) -> None:
    ends: list[bytes] = []

    async def watching(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        ends.append(await reader.read())

    async def main(lab: Lab) -> None:
        client = H2Client(lab, tls)
        await client.open()
        stream = client.request()
        while not lab.connections:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.01)
        client.conn.reset_stream(stream, 8)
        client.flush()
        while not ends:  # noqa: ASYNC110 - a list
            await asyncio.sleep(0.01)
        client.writer.close()

    on_sockets(watching, profile(), main, tls=tls)
    assert ends == [b""]


def test_a_large_answer_waits_for_the_http2_window(tls: TlsFiles) -> None:
    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000)
        await forever()

    async def main(lab: Lab) -> int:
        client = H2Client(lab, tls)
        await client.open()
        stream = client.request()
        await client.until(h2.events.StreamEnded)
        client.writer.close()
        return len(client.body(stream))

    held = profile(hold_header=HoldHeader.UNTIL_BODY)
    assert on_sockets(flooding, held, main, tls=tls) == 5_000_000
