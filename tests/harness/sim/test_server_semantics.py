"""Servers and streams in memory behave as over sockets: each runs on both and gives the same log."""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

import pytest

type Behaviour = Callable[[], Awaitable[list[object]]]
type OnBoth = Callable[[Behaviour], list[object]]

LOOPBACK = "127.0.0.1"
BIG = bytes(range(256)) * 4096 * 16  # 16 MiB: more than any socket buffer


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


def _port(listener: asyncio.Server) -> int:
    return int(listener.sockets[0].getsockname()[1])


async def a_port_nobody_listens_on_refuses() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0)
    port = _port(listener)
    listener.close()
    await listener.wait_closed()
    with pytest.raises(ConnectionRefusedError) as refused:
        await asyncio.open_connection(LOOPBACK, port)
    return [refused.value.errno, f"Connect call failed ('127.0.0.1', {port})" in str(refused.value)]


async def a_closed_server_keeps_its_connections() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
    writer.write(b"before\n")
    said = [await reader.readline()]
    listener.close()
    waiting = asyncio.ensure_future(listener.wait_closed())
    writer.write(b"after\n")
    said.append(await reader.readline())
    early = waiting.done()
    writer.close()
    await waiting
    return [said, early, listener.is_serving(), listener.sockets]


async def a_bound_server_refuses_until_it_serves() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0, start_serving=False)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, _port(listener))
    async with listener:
        await listener.start_serving()
        reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
        writer.write(b"hello\n")
        said = await reader.readline()
        writer.close()
    return [said]


async def a_port_in_use_is_not_given_twice() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0)
    with pytest.raises(OSError, match="address already in use") as caught:
        await asyncio.start_server(_echo, LOOPBACK, _port(listener))
    listener.close()
    again = await asyncio.start_server(_echo, LOOPBACK, 0)
    again.close()
    return [caught.value.errno]


async def closing_the_clients_of_a_server_ends_them() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
    writer.write(b"hello\n")
    await reader.readline()
    listener.close()
    if sys.version_info >= (3, 13):
        listener.close_clients()
    else:
        writer.close()
    rest = await reader.read()
    writer.close()
    await listener.wait_closed()
    return [rest]


async def serve_forever_ends_when_cancelled() -> list[object]:
    listener = await asyncio.start_server(lambda _r, writer: writer.close(), LOOPBACK, 0)
    serving = asyncio.ensure_future(listener.serve_forever())
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    return [listener.is_serving()]


async def a_server_serves_forever_once_and_not_after_its_end() -> list[object]:
    listener = await asyncio.start_server(_echo, LOOPBACK, 0)
    serving = asyncio.ensure_future(listener.serve_forever())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already being awaited"):
        await listener.serve_forever()
    listener.close()
    listener.close()
    ended = await asyncio.gather(serving, return_exceptions=True)
    with pytest.raises(RuntimeError, match="is closed"):
        await listener.serve_forever()
    return [type(ended[0]).__name__, listener.get_loop() is asyncio.get_running_loop()]


async def streams_tell_a_short_read() -> list[object]:
    async def short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"abc")
        writer.close()

    listener = await asyncio.start_server(short, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await reader.readexactly(10)
    writer.close()
    await writer.wait_closed()
    listener.close()
    return [caught.value.partial, reader.at_eof()]


async def streams_tell_a_reset() -> list[object]:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    listener = await asyncio.start_server(reset, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
    writer.write(b"go\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    with pytest.raises(ConnectionResetError):
        await writer.drain()
    writer.close()
    listener.close()
    return [writer.is_closing()]


async def drain_waits_for_the_reader() -> list[object]:
    go = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        data = await reader.read(-1)
        writer.write(str(len(data)).encode())
        writer.close()

    listener = await asyncio.start_server(slow, LOOPBACK, 0)
    reader, writer = await asyncio.open_connection(LOOPBACK, _port(listener))
    writer.write(BIG)
    draining = asyncio.ensure_future(writer.drain())
    await asyncio.sleep(0.01)
    early = draining.done()
    go.set()
    await draining
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    listener.close()
    return [early, int(answer) == len(BIG)]


BEHAVIOURS: dict[Behaviour, list[object]] = {
    a_port_nobody_listens_on_refuses: [111, True],
    a_closed_server_keeps_its_connections: [[b"before\n", b"after\n"], False, False, ()],
    a_bound_server_refuses_until_it_serves: [b"hello\n"],
    a_port_in_use_is_not_given_twice: [98],
    closing_the_clients_of_a_server_ends_them: [b""],
    serve_forever_ends_when_cancelled: [False],
    a_server_serves_forever_once_and_not_after_its_end: ["CancelledError", True],
    streams_tell_a_short_read: [b"abc", True],
    streams_tell_a_reset: [True],
    drain_waits_for_the_reader: [False, True],
}


@pytest.mark.parametrize(("body", "expected"), BEHAVIOURS.items(), ids=[each.__name__ for each in BEHAVIOURS])
def test_memory_and_sockets_behave_alike(on_both: OnBoth, body: Behaviour, expected: list[object]) -> None:
    assert on_both(body) == expected
