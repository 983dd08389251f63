"""Links delay and cut, names bind and resolve, the tap sees every movement, a limit beats its byte."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import BLACKHOLE, Host, Kind, Link, Movement, Sim, run_sim


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def _serve(host: Host, address: str | list[str] | None, port: int = 80) -> asyncio.Server:
    async def serve() -> asyncio.Server:
        return await asyncio.start_server(_echo, address, port)

    return await host.start(serve())


async def _exchange(address: str, port: int = 80) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"hello\n")
    answer = await reader.readline()
    writer.close()
    return answer


def test_the_tap_sees_every_movement_in_order() -> None:
    async def main(sim: Sim) -> list[Movement]:
        seen: list[Movement] = []
        sim.network.observe(seen.append)
        await _serve(sim.network.host("origin"), "origin")
        await sim.network.host("client").start(_exchange("origin"))
        await sim.settle()
        with pytest.raises(ConnectionRefusedError):
            await _exchange("origin", 81)
        await sim.settle()
        return seen

    def move(connection: int, source: str, target: str, kind: Kind, data: bytes = b"") -> Movement:
        return Movement(at=0, connection=connection, source=source, target=target, kind=kind, data=data)

    assert run_sim(main) == [
        move(1, "client", "origin", Kind.CONNECT),
        move(1, "client", "origin", Kind.DATA, b"hello\n"),
        move(1, "origin", "client", Kind.DATA, b"hello\n"),
        move(1, "client", "origin", Kind.FIN),
        move(1, "origin", "client", Kind.FIN),
        move(2, "origin", "main", Kind.REFUSED),
    ]


def test_latency_counts_once_for_each_direction() -> None:
    async def main(sim: Sim) -> tuple[int, int, int]:
        sim.network.link("main", "origin", Link(latency=seconds(0.010)))
        sim.network.link("origin", "main", Link(latency=seconds(0.025)))
        await _serve(sim.network.host("origin"), "origin")
        reader, writer = await asyncio.open_connection("origin", 80)
        connected = sim.clock.now()
        writer.write(b"hello\n")
        await reader.readline()
        answered = sim.clock.now()
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("origin", 81)
        return connected, answered, sim.clock.now()

    assert run_sim(main) == (35_000, 70_000, 105_000)


def test_a_segment_bounds_what_one_read_gives() -> None:
    async def main(sim: Sim) -> list[bytes]:
        sim.network.link("main", "origin", Link(segment=4))
        chunks: list[bytes] = []

        class Sink(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                chunks.append(data)

        async def serve() -> asyncio.Server:
            return await asyncio.get_running_loop().create_server(Sink, "origin", 80)

        await sim.network.host("origin").start(serve())
        _, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"0123456789")
        writer.close()
        await sim.settle()
        return chunks

    assert run_sim(main) == [b"0123", b"4567", b"89"]


def test_writes_of_one_turn_arrive_as_one_read() -> None:
    async def main(sim: Sim) -> list[bytes]:
        await _serve(sim.network.host("origin"), "origin")
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"a")
        writer.write(b"b\n")
        first = await reader.read(100)
        writer.close()
        return [first]

    assert run_sim(main) == [b"ab\n"]


def test_a_limit_beats_the_byte_of_the_same_microsecond() -> None:
    async def main(sim: Sim) -> list[str]:
        sim.network.link("origin", "main", Link(latency=seconds(100)))
        order: list[str] = []
        await _serve(sim.network.host("origin"), "origin")
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"hello\n")
        sim.loop.call_later(50, sim.loop.call_later, 50, order.append, "limit")
        await reader.readline()
        order.append("byte")
        writer.close()
        return order

    assert run_sim(main) == ["limit", "byte"]


@pytest.mark.parametrize("latency", [0, seconds(40)])
def test_a_limit_that_sleeps_beats_the_byte_of_the_same_microsecond(latency: int) -> None:
    async def main(sim: Sim) -> list[str]:
        sim.network.link("origin", "main", Link(latency=latency))
        order: list[str] = []

        async def late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(100 - latency / 1_000_000)
            writer.write(b"x")
            writer.close()

        async def limit() -> None:
            await asyncio.sleep(100 - latency / 1_000_000)
            order.append("limit")

        async def serve() -> asyncio.Server:
            return await asyncio.start_server(late, "origin", 80)

        await sim.network.host("origin").start(serve())
        reader, writer = await asyncio.open_connection("origin", 80)
        limited = asyncio.ensure_future(limit())
        await reader.read(1)
        order.append(f"byte at {sim.clock.now()}")
        await limited
        writer.close()
        return order

    assert run_sim(main) == ["limit", "byte at 100000000"]


def test_a_blackhole_never_connects() -> None:
    async def main(sim: Sim) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(19):
                await asyncio.open_connection(BLACKHOLE, 443)
        return sim.clock.now()

    assert run_sim(main) == 19_000_000


def test_a_connect_given_up_on_its_way_is_reset_or_closed() -> None:
    async def main(sim: Sim) -> list[Kind]:
        seen: list[Movement] = []
        sim.network.observe(seen.append)
        sim.network.link("origin", "main", Link(latency=seconds(1)))
        await _serve(sim.network.host("origin"), "origin")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.open_connection("origin", 80)
        await asyncio.sleep(5)
        return [each.kind for each in seen]

    assert run_sim(main) == [Kind.CONNECT, Kind.FIN, Kind.FIN]


REACHABLE: dict[str, tuple[str | list[str] | None, tuple[str, ...]]] = {
    "own name": ("origin", ("origin", "10.0.0.2")),
    "loopback": ("127.0.0.1", ("127.0.0.1", "localhost")),
    "wildcard": (None, ("origin", "127.0.0.1")),
    "any": ("0.0.0.0", ("origin", "localhost")),
    "both": (["localhost", "origin"], ("origin", "localhost")),
}


@pytest.mark.parametrize(("bound", "names"), REACHABLE.values(), ids=REACHABLE)
def test_a_server_is_reached_by_what_it_bound(bound: str | list[str] | None, names: tuple[str, ...]) -> None:
    async def main(sim: Sim) -> list[str]:
        await _serve(sim.network.host("origin"), bound)
        refused = []
        for name in ("origin", "10.0.0.2", "127.0.0.1", "localhost"):
            try:
                await _exchange(name)
            except ConnectionRefusedError:
                refused.append(name)
        return refused

    assert set(run_sim(main)).isdisjoint(names)


def test_ports_are_given_in_order_and_only_once() -> None:
    async def main(sim: Sim) -> list[int]:
        origin, edge = sim.network.host("origin"), sim.network.host("edge")
        first = await _serve(origin, "127.0.0.1", 0)
        second = await _serve(edge, "127.0.0.1", 0)
        with pytest.raises(OSError, match=r"host edge can't bind .*: address already in use"):
            await _serve(edge, "127.0.0.1", 40_000)
        with pytest.raises(OSError, match="host edge can't bind 'origin'"):
            await _serve(edge, "origin", 80)
        ports = [each.sockets[0].getsockname()[1] for each in (first, second)]
        first.close()
        third = await _serve(edge, "127.0.0.1", 0)
        return [*ports, third.sockets[0].getsockname()[1]]

    assert run_sim(main) == [40_000, 40_001, 40_000]


def test_code_without_a_host_runs_on_main() -> None:
    async def main(sim: Sim) -> tuple[str, bytes]:
        seen: list[Movement] = []
        sim.network.observe(seen.append)
        server = await asyncio.start_server(_echo, "main", 80)
        answer = await _exchange("main")
        server.close()
        return seen[0].source, answer

    assert run_sim(main) == ("main", b"hello\n")


def test_a_buffered_protocol_gets_its_bytes() -> None:
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.buffer = bytearray(3)
            self.got = b""

        def get_buffer(self, sizehint: int) -> bytearray:
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.got += self.buffer[:nbytes]

    async def main(sim: Sim) -> bytes:
        made: list[Buffered] = []

        def factory() -> asyncio.BaseProtocol:
            made.append(Buffered())
            return made[-1]

        await asyncio.get_running_loop().create_server(factory, "main", 80)
        _, writer = await asyncio.open_connection("main", 80)
        writer.write(b"ten bytes!")
        writer.close()
        await sim.settle()
        return made[0].got

    assert run_sim(main) == b"ten bytes!"


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_a_protocol_that_raises_loses_its_connection_and_the_run_says_so(method: str) -> None:
    log: list[object] = []

    def fail(*_args: object) -> None:
        raise LookupError("broken protocol")

    class Broken(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            log.append(exc)

    setattr(Broken, method, fail)

    async def main(sim: Sim) -> None:
        await asyncio.get_running_loop().create_server(cast(Callable[[], Broken], Broken), "main", 80)
        _, writer = await asyncio.open_connection("main", 80)
        writer.write(b"x")
        writer.close()
        await sim.settle()

    with pytest.raises(Exception, match=r"protocol failed on <connection 1, main's end .*broken protocol"):
        run_sim(main)
    assert [type(each) for each in log] == [LookupError]
