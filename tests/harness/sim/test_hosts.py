"""A frozen host does nothing until it thaws; a killed host nothing at all, and its peers notice."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.sim import Host, HostState, Kind, Link, Movement, Sim, SimError, Stalled, run_sim

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _serve(host: Host, handler: Handler) -> asyncio.Server:
    async def serve() -> asyncio.Server:
        return await asyncio.start_server(handler, host.name, 80)

    return await host.start(serve())


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def _ask(host: str = "origin") -> bytes:
    reader, writer = await asyncio.open_connection(host, 80)
    writer.write(b"hello\n")
    answer = await reader.readline()
    writer.close()
    return answer


def test_a_frozen_host_answers_when_it_thaws() -> None:
    async def main(sim: Sim) -> tuple[bytes, int, int]:
        origin = sim.network.host("origin")
        await _serve(origin, _echo)
        reader, writer = await asyncio.open_connection("origin", 80)
        connected = sim.clock.now()
        origin.freeze(seconds(3))
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        return answer, connected, sim.clock.now()

    assert run_sim(main) == (b"hello\n", 0, 3_000_000)


def test_the_kernel_of_a_frozen_host_completes_connections() -> None:
    async def main(sim: Sim) -> tuple[int, bytes, int]:
        origin = sim.network.host("origin")
        await _serve(origin, _echo)
        origin.freeze(seconds(3))
        reader, writer = await asyncio.open_connection("origin", 80)
        connected = sim.clock.now()
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        return connected, answer, sim.clock.now()

    assert run_sim(main) == (0, b"hello\n", 3_000_000)


def test_other_hosts_go_on_while_one_is_frozen() -> None:
    async def main(sim: Sim) -> tuple[bytes, int]:
        await _serve(sim.network.host("other"), _echo)
        sim.network.host("origin").freeze(seconds(3))
        return await _ask("other"), sim.clock.now()

    assert run_sim(main) == (b"hello\n", 0)


def test_a_handler_that_blocks_holds_back_what_it_has_not_written() -> None:
    async def main(sim: Sim) -> list[tuple[int, bytes]]:
        origin = sim.network.host("origin")

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"before ")
            await origin.block(seconds(3))
            writer.write(b"after")
            writer.close()

        await _serve(origin, handler)
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"go\n")
        seen = []
        while data := await reader.read(100):
            seen.append((sim.clock.now(), data))
        writer.close()
        return seen

    assert run_sim(main) == [(0, b"before "), (3_000_000, b"after")]


def test_what_a_frozen_host_writes_leaves_when_it_thaws() -> None:
    async def main(sim: Sim) -> tuple[bytes, int]:
        origin = sim.network.host("origin")

        async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            origin.freeze(seconds(3))
            writer.write(b"late")
            writer.close()

        await _serve(origin, handler)
        reader, writer = await asyncio.open_connection("origin", 80)
        answer = await reader.read()
        writer.close()
        return answer, sim.clock.now()

    assert run_sim(main) == (b"late", 3_000_000)


def test_timers_of_a_frozen_host_fire_late_and_in_order() -> None:
    async def main(sim: Sim) -> list[tuple[int, str]]:
        fired: list[tuple[int, str]] = []

        async def tick(name: str, delay: float) -> None:
            await asyncio.sleep(delay)
            fired.append((sim.clock.now(), name))

        origin = sim.network.host("origin")
        tasks = [origin.start(tick(name, delay)) for name, delay in (("b", 2), ("a", 1), ("c", 4), ("d", 3))]
        await sim.settle()
        origin.freeze(seconds(3))
        origin.freeze(seconds(1))
        await asyncio.gather(*tasks)
        return fired

    assert run_sim(main) == [(3_000_000, "a"), (3_000_000, "b"), (3_000_000, "d"), (4_000_000, "c")]


def test_a_killed_host_runs_no_finally_and_writes_nothing() -> None:
    async def main(sim: Sim) -> tuple[list[str], bytes]:
        done: list[str] = []
        origin = sim.network.host("origin")

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readline()
                await asyncio.sleep(2)
                done.append("committed")
            finally:
                done.append("cleaned up")
                writer.write(b"too late")

        await _serve(origin, handler)
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"go\n")
        await asyncio.sleep(1)
        origin.kill(lambda: done.append("database cut"))
        answer = await reader.read()
        writer.close()
        await asyncio.sleep(10)
        assert sim.clock.now() == 11_000_000
        return list(done), answer

    assert run_sim(main) == (["database cut"], b"")


def test_a_host_that_crashes_never_passes_the_crash() -> None:
    async def main(sim: Sim) -> tuple[list[str], bytes]:
        done: list[str] = []
        origin = sim.network.host("origin")

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"204")
            try:
                await origin.crash(lambda: done.append("database cut"))
            finally:
                done.append("went on")

        await _serve(origin, handler)
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(b"go\n")
        answer = await reader.read()
        writer.close()
        return list(done), answer

    assert run_sim(main) == (["database cut"], b"204")


def test_a_host_cannot_kill_itself_and_go_on() -> None:
    async def main(sim: Sim) -> None:
        sim.network.main.kill()

    with pytest.raises(SimError, match=r"use 'await host\.crash\(\)'"):
        run_sim(main)


def test_the_end_of_a_frozen_hosts_stream_leaves_when_it_thaws() -> None:
    async def main(sim: Sim) -> tuple[bytes, int]:
        origin = sim.network.host("origin")

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            origin.freeze(seconds(3))
            writer.write_eof()
            await reader.read()
            writer.close()

        await _serve(origin, handler)
        reader, writer = await asyncio.open_connection("origin", 80)
        answer = await reader.read()
        ended = sim.clock.now()
        writer.close()
        return answer, ended

    assert run_sim(main) == (b"", 3_000_000)


@pytest.mark.parametrize(("unread", "kind"), [(b"", Kind.FIN), (b"not read", Kind.RST)])
def test_a_killed_host_says_fin_or_reset_if_bytes_were_unread(unread: bytes, kind: Kind) -> None:
    async def main(sim: Sim) -> list[tuple[str, Kind]]:
        seen: list[Movement] = []
        origin = sim.network.host("origin")

        async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # the stubs give the writing half only
            await asyncio.Event().wait()

        await _serve(origin, deaf)
        reader, writer = await asyncio.open_connection("origin", 80)
        await sim.settle()
        if unread:
            writer.write(unread)
            await sim.settle()
        sim.network.observe(seen.append)
        origin.kill()
        result = (await asyncio.gather(reader.read(), return_exceptions=True))[0]
        assert isinstance(result, ConnectionResetError) == (kind is Kind.RST)
        writer.close()
        await sim.settle()
        return [(each.source, each.kind) for each in seen][:1]

    assert run_sim(main) == [("origin", kind)]


def test_bytes_sent_to_a_killed_host_come_back_as_reset() -> None:
    async def main(sim: Sim) -> list[tuple[int, str, Kind]]:
        seen: list[Movement] = []
        sim.network.link("main", "origin", Link(latency=Duration(500)))
        origin = sim.network.host("origin")
        await _serve(origin, _echo)
        _, writer = await asyncio.open_connection("origin", 80)
        await sim.settle()
        sim.network.observe(seen.append)
        writer.write(b"on its way\n")
        origin.kill()
        await asyncio.sleep(1)
        writer.write(b"again\n")
        writer.close()
        await sim.settle()
        return [(each.at, each.source, each.kind) for each in seen]

    assert run_sim(main) == [
        (500, "main", Kind.DATA),
        (500, "origin", Kind.FIN),
        (1_000, "origin", Kind.RST),
    ]


def test_a_killed_frozen_host_stays_dead() -> None:
    async def main(sim: Sim) -> list[str]:
        done: list[str] = []

        async def work() -> None:
            await asyncio.sleep(1)
            done.append("worked")

        origin = sim.network.host("origin")
        origin.start(work())
        await sim.settle()
        origin.freeze(seconds(3))
        await asyncio.sleep(2)
        origin.kill()
        origin.kill()
        origin.freeze(seconds(3))
        await asyncio.sleep(10)
        assert origin.state is HostState.DEAD
        return done

    assert run_sim(main) == []


def test_a_killed_host_refuses_and_its_successor_serves() -> None:
    async def main(sim: Sim) -> tuple[bytes, bool]:
        first = sim.network.host("origin")
        await _serve(first, _echo)
        first.kill()
        with pytest.raises(ConnectionRefusedError):
            await _ask()
        with pytest.raises(SimError, match="host origin is dead and starts nothing"):
            first.start(_ask())
        second = sim.network.host("origin")
        await _serve(second, _echo)
        return await _ask(), first.address == second.address

    assert run_sim(main) == (b"hello\n", True)


def test_waiting_for_a_task_of_a_dead_host_is_a_stall_that_says_so() -> None:
    async def main(sim: Sim) -> None:
        origin = sim.network.host("origin")
        task = origin.start(asyncio.sleep(5), name="sleeper")
        await sim.settle()
        origin.kill()
        await task

    with pytest.raises(
        Stalled, match=r"main: task 'main'[^$]*waits for task 'sleeper'[^$]*origin \(dead\): task"
    ):
        run_sim(main)


def test_what_dead_code_does_at_the_end_is_not_seen() -> None:
    seen: list[Movement] = []

    async def main(sim: Sim) -> None:
        origin = sim.network.host("origin")

        async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                writer.write(b"from the grave")
                raise LookupError("nor this")

        await _serve(origin, handler)
        _, writer = await asyncio.open_connection("origin", 80)
        await sim.settle()
        origin.kill()
        writer.close()
        await sim.settle()
        sim.network.observe(seen.append)

    run_sim(main)
    assert seen == []
