"""In-memory transports have the manners of sockets: each behaviour runs on both and gives the same log."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

type Behaviour = Callable[[], Awaitable[list[object]]]
type OnBoth = Callable[[Behaviour], list[object]]

LOOPBACK = "127.0.0.1"
WHOLE = ["made", "data", "eof", "lost"]
BIG = bytes(range(256)) * 4096 * 16  # 16 MiB: more than any socket buffer


@dataclass
class Recorder(asyncio.Protocol):
    """Logs what happens to one end; runs of data are one entry."""

    keep_open: bool = False
    on_data: Callable[["Recorder"], None] | None = None
    log: list[str] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    made: asyncio.Event = field(default_factory=asyncio.Event)
    got_data: asyncio.Event = field(default_factory=asyncio.Event)
    got_eof: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    paused: asyncio.Event = field(default_factory=asyncio.Event)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)
    transport: asyncio.Transport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.log.append("made")
        self.made.set()

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.log[-1] != "data":
            self.log.append("data")
        self.got_data.set()
        if self.on_data is not None:
            self.on_data(self)

    def eof_received(self) -> bool:
        self.log.append("eof")
        self.got_eof.set()
        return self.keep_open

    def connection_lost(self, error: Exception | None) -> None:
        self.log.append("lost" if error is None else f"lost {type(error).__name__}")
        self.lost.set()

    def pause_writing(self) -> None:
        self.paused.set()

    def resume_writing(self) -> None:
        self.resumed.set()


async def _pair(client: Recorder, server: Recorder) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: server, LOOPBACK, 0)
    await loop.create_connection(lambda: client, LOOPBACK, listener.sockets[0].getsockname()[1])
    await server.made.wait()
    listener.close()
    return listener


def _linger_zero(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )


async def closing_one_end_ends_the_other() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.write(b"bye")
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log, bytes(server.received)]


async def half_close_leaves_the_other_direction() -> list[object]:
    client, server = Recorder(), Recorder(keep_open=True)
    await _pair(client, server)
    client.transport.write(b"question")
    client.transport.write_eof()
    await server.got_eof.wait()
    server.transport.write(b"answer")
    await client.got_data.wait()
    server.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log, bytes(client.received)]


async def close_flushes_what_is_pending() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.write(BIG)
    pending = client.transport.get_write_buffer_size() > 0
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [pending, client.log, server.log, bytes(server.received) == BIG]


async def write_eof_flushes_what_is_pending() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.write(BIG)
    client.transport.write_eof()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log, bytes(server.received) == BIG]


async def abort_sends_fin() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.abort()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log]


async def abort_with_linger_zero_sends_reset() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    _linger_zero(client.transport)
    client.transport.abort()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log]


async def close_with_linger_zero_sends_reset() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    _linger_zero(client.transport)
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log]


async def bytes_before_a_reset_are_read() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    _linger_zero(client.transport)
    client.transport.write(b"last words")
    client.transport.abort()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [server.log, bytes(server.received)]


async def closing_with_unread_bytes_sends_reset() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.pause_reading()
    server.transport.write(b"unread")
    await asyncio.sleep(0.01)
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log]


async def bytes_to_a_closed_end_come_back_as_reset() -> list[object]:
    client, server = Recorder(), Recorder(keep_open=True)
    await _pair(client, server)
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.got_eof.wait())
    server.transport.write(b"too late")
    await asyncio.sleep(0.01)
    before = list(server.log)
    server.transport.write(b"too late again")
    await server.lost.wait()
    return [before, server.log]


async def a_write_after_a_reset_loses_the_connection() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    server.transport.pause_reading()
    _linger_zero(client.transport)
    client.transport.abort()
    await asyncio.sleep(0.01)
    before = list(server.log)
    server.transport.write(b"anybody there?")
    await server.lost.wait()
    return [before, server.log]


async def a_paused_end_sees_eof_only_after_it_resumes() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    server.transport.pause_reading()
    client.transport.write(b"x")
    client.transport.close()
    await client.lost.wait()
    await asyncio.sleep(0.01)
    before = list(server.log)
    server.transport.resume_reading()
    await server.lost.wait()
    return [before, server.log, bytes(server.received)]


async def a_reader_that_pauses_stops_the_writer() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    server.transport.pause_reading()
    client.transport.write(BIG)
    await client.paused.wait()
    await asyncio.sleep(0.01)
    stuck = client.transport.get_write_buffer_size() > 0 and not client.resumed.is_set()
    server.transport.resume_reading()
    await client.resumed.wait()
    client.transport.close()
    await server.lost.wait()
    return [stuck, bytes(server.received) == BIG, server.log]


async def pausing_within_data_received_holds_the_rest() -> list[object]:
    client = Recorder()
    server = Recorder(on_data=lambda me: me.transport.pause_reading())
    await _pair(client, server)
    client.transport.write(b"one")
    await server.got_data.wait()
    client.transport.write(b"two")
    await asyncio.sleep(0.01)
    before = bytes(server.received)
    server.on_data = None
    server.transport.resume_reading()
    client.transport.close()
    await server.lost.wait()
    return [before, bytes(server.received), server.transport.is_reading()]


async def closing_within_data_received_is_final() -> list[object]:
    client, server = Recorder(), Recorder(on_data=lambda me: me.transport.close())
    await _pair(client, server)
    client.transport.write(b"one")
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    return [client.log, server.log, server.transport.is_closing()]


async def writes_after_close_are_swallowed() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.close()
    client.transport.write(b"never seen")
    client.transport.close()
    await asyncio.gather(client.lost.wait(), server.lost.wait())
    client.transport.write(b"nor this")
    return [client.log, server.log, bytes(server.received)]


async def writes_after_write_eof_raise() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    client.transport.write_eof()
    with pytest.raises(RuntimeError, match="after write_eof"):
        client.transport.write(b"x")
    with pytest.raises(RuntimeError, match="after write_eof"):
        client.transport.writelines([b"x"])
    client.transport.close()
    await server.lost.wait()
    return [server.log]


async def only_bytes_can_be_written() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    with pytest.raises(TypeError, match="bytes-like object, not 'str'"):
        client.transport.write(cast(bytes, "text"))
    client.transport.writelines([b"a", bytearray(b"b"), memoryview(b"c")])
    client.transport.write(b"")
    client.transport.close()
    await server.lost.wait()
    return [bytes(server.received), client.transport.can_write_eof()]


async def a_changed_buffer_does_not_change_what_was_written() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    data = bytearray(b"before")
    client.transport.write(data)
    data[:] = b"after!"
    client.transport.close()
    await server.lost.wait()
    return [bytes(server.received)]


async def both_ends_know_each_other() -> list[object]:
    client, server = Recorder(), Recorder()
    await _pair(client, server)
    names = [
        client.transport.get_extra_info("peername") == server.transport.get_extra_info("sockname"),
        client.transport.get_extra_info("sockname") == server.transport.get_extra_info("peername"),
        client.transport.get_extra_info("socket").getpeername()
        == client.transport.get_extra_info("peername"),
        client.transport.get_extra_info("sslcontext"),
        client.transport.get_protocol() is client,
    ]
    client.transport.close()
    await server.lost.wait()
    return [*names]


async def a_protocol_can_be_replaced() -> list[object]:
    client, server, upgraded = Recorder(), Recorder(), Recorder(log=["upgraded"])
    await _pair(client, server)
    server.transport.set_protocol(upgraded)
    client.transport.write(b"x")
    client.transport.close()
    await upgraded.lost.wait()
    return [server.log, upgraded.log]


BEHAVIOURS: dict[Behaviour, list[object]] = {
    closing_one_end_ends_the_other: [["made", "lost"], WHOLE, b"bye"],
    half_close_leaves_the_other_direction: [WHOLE, WHOLE, b"answer"],
    close_flushes_what_is_pending: [True, ["made", "lost"], WHOLE, True],
    write_eof_flushes_what_is_pending: [["made", "eof", "lost"], WHOLE, True],
    abort_sends_fin: [["made", "lost"], ["made", "eof", "lost"]],
    abort_with_linger_zero_sends_reset: [["made", "lost"], ["made", "lost ConnectionResetError"]],
    close_with_linger_zero_sends_reset: [["made", "lost"], ["made", "lost ConnectionResetError"]],
    bytes_before_a_reset_are_read: [["made", "data", "lost ConnectionResetError"], b"last words"],
    closing_with_unread_bytes_sends_reset: [["made", "lost"], ["made", "lost ConnectionResetError"]],
    bytes_to_a_closed_end_come_back_as_reset: [["made", "eof"], ["made", "eof", "lost BrokenPipeError"]],
    a_write_after_a_reset_loses_the_connection: [["made"], ["made", "lost ConnectionResetError"]],
    a_paused_end_sees_eof_only_after_it_resumes: [["made"], WHOLE, b"x"],
    a_reader_that_pauses_stops_the_writer: [True, True, WHOLE],
    pausing_within_data_received_holds_the_rest: [b"one", b"onetwo", False],
    closing_within_data_received_is_final: [["made", "eof", "lost"], ["made", "data", "lost"], True],
    writes_after_close_are_swallowed: [["made", "lost"], ["made", "eof", "lost"], b""],
    writes_after_write_eof_raise: [["made", "eof", "lost"]],
    only_bytes_can_be_written: [b"abc", True],
    a_changed_buffer_does_not_change_what_was_written: [b"before"],
    both_ends_know_each_other: [True, True, True, None, True],
    a_protocol_can_be_replaced: [["made"], ["upgraded", "data", "eof", "lost"]],
}


@pytest.mark.parametrize(("body", "expected"), BEHAVIOURS.items(), ids=[each.__name__ for each in BEHAVIOURS])
def test_memory_and_sockets_behave_alike(on_both: OnBoth, body: Behaviour, expected: list[object]) -> None:
    assert on_both(body) == expected
