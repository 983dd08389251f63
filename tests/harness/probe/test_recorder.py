"""The recorder notes what the wire shows and when, in virtual time and on real sockets, over TLS too."""

import asyncio
import socket
import ssl
import struct
from pathlib import Path

import pytest

from firstbyte.harness.clock import RealClock
from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.model.recording import Finish, Recording
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict import read_wire
from firstbyte.harness.probe.record import Question, Recorder, Target, head_of, record
from firstbyte.harness.problems import SetupFailed
from firstbyte.proxies.program.tls import make_tls
from tests.harness.loopback import LOOPBACK, Script, serving
from tests.harness.loopback import head_of as read_head
from tests.harness.predict.lab import recorded

GET = Question(method="GET", path="/")


def test_every_time_of_a_played_shape_is_exact() -> None:
    wire = read_wire(recorded(load_shape("partial-header-200")))
    assert (wire.first_byte, wire.header_lines) == (0, (0, 0))
    assert (wire.header, wire.first_body, wire.end_at) == (seconds(120), seconds(120), seconds(120))
    assert (wire.longest_gap, wire.end, wire.status) == (seconds(120), End.COMPLETE, 200)


def test_each_header_line_has_its_own_time() -> None:
    wire = read_wire(recorded(load_shape("header-line-per-second")))
    assert wire.header_lines[1:4] == tuple(wire.header_lines[1] + seconds(n) for n in range(3))


def test_interims_and_the_gaps_between_them_are_seen() -> None:
    wire = read_wire(recorded(load_shape("interim-103-repeated")))
    assert wire.interims == tuple((seconds(24 * n), 103) for n in range(5))
    assert wire.longest_gap == seconds(24)


async def answer(data: bytes, *, then: str = "hold") -> Recording:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(data)
        await writer.drain()
        if then == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif then == "hold":
            await reader.read()

    return await _record(script)


async def _record(script: Script) -> Recording:
    async with serving(script) as (host, port):
        return await record(Target(host=host, port=port), GET, RealClock(), seconds(20))


async def test_a_kept_connection_is_told_from_a_closed_and_a_reset_one() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert (await answer(whole)).answer.finish is Finish.KEPT
    closed = await answer(b"HTTP/1.1 200 OK\r\n\r\nok", then="close")
    assert (closed.answer.finish, read_wire(closed).framing) == (Finish.FIN, "close")
    torn = await answer(b"", then="reset")
    assert (torn.answer.finish, read_wire(torn).end) == (Finish.RESET, End.RESET)


async def test_bytes_after_the_end_are_recorded() -> None:
    recording = await answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}")
    assert read_wire(recording).stray_bytes
    assert b"".join(part.data for part in recording.answer.parts).endswith(b"{}")


async def test_an_answer_without_end_is_listened_to_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbyte.harness.probe.record.MOST_BYTES", 100_000)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 50_000)
            await writer.drain()

    recording = await _record(script)
    assert recording.answer.finish is Finish.OPEN
    assert 100_000 <= sum(len(part.data) for part in recording.answer.parts) < 1_000_000


async def test_over_tls_the_handshake_has_its_own_time(tmp_path: Path) -> None:
    files = make_tls(tmp_path, LOOPBACK)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(connected, LOOPBACK, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=str(files.authority))
    recording = await record(Target(host=LOOPBACK, port=port, tls=trusting), GET, RealClock(), seconds(20))
    assert read_wire(recording).status == 200
    assert (recording.setup.tls or 0) > 0
    distrusting = Target(host=LOOPBACK, port=port, tls=ssl.create_default_context())
    with pytest.raises(SetupFailed, match=r"certificate is not trusted .*--insecure"):
        await record(distrusting, GET, RealClock(), seconds(20))
    server.close()


async def test_tls_to_a_plain_server_says_so() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(script) as (host, port):
        target = Target(host=host, port=port, tls=ssl.create_default_context())
        with pytest.raises(SetupFailed, match="is it an http:// address"):
            await record(target, GET, RealClock(), seconds(20))


async def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(SetupFailed, match=r"nowhere\.invalid:80: no connection: "):
        await Recorder(Target(host="nowhere.invalid", port=80), RealClock()).connect()


def test_a_head_has_what_was_asked_for_and_no_second_host() -> None:
    target = Target(host="h", port=81)
    head = head_of(Question(method="POST", path="/a", headers=(("Host", "other"),), body=b"xy"), target)
    assert head.count(b"Host:") == 1
    assert b"Host: other\r\n" in head
    assert b"Content-Length: 2\r\n" in head
    assert head.startswith(b"POST /a HTTP/1.1\r\n")
