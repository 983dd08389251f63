"""On a machine that is held up, what came before a limit counts, however late the edge gets to look at it.

The machine is held up by a callback that sleeps in the middle of everything, for longer than the limit.
"""

import asyncio
import time
from typing import Any

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.harness.model.units import Duration
from tests.proxies.lab import GAP, HEADER, OK, Lab, forever, get, head_of, on_sockets, profile, timer

LIMIT = Duration(50_000)
CONNECT = Timer(name="connect", starts_on=Point.CONNECT_STARTED, stops_on=(Point.CONNECTED,), limit=LIMIT)


def hold_up() -> None:
    time.sleep(2 * LIMIT / 1_000_000)  # noqa: TID251 - the subject of these tests


def test_a_header_that_came_in_time_passes_though_the_alarm_is_due_when_it_is_read() -> None:
    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK)
        hold_up()
        await forever()

    async def main(lab: Lab) -> int:
        return (await lab.ask(get())).status

    assert on_sockets(origin, profile(timer(HEADER, limit=LIMIT), GAP), main) == 200


def test_a_connection_that_was_made_in_time_counts_though_its_alarm_is_due_before_it_is_seen() -> None:
    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK)
        await forever()

    async def main(lab: Lab) -> int:
        loop = asyncio.get_running_loop()
        connect: Any = loop.create_connection

        async def held_up(*args: Any, **options: Any) -> Any:
            loop.call_soon(hold_up)
            return await connect(*args, **options)

        client = await lab.connect()
        loop.create_connection = held_up  # type: ignore[method-assign]  # this loop's alone
        client.send(get())
        return (await client.answer()).status

    assert on_sockets(origin, profile(CONNECT, HEADER, GAP), main) == 200


def test_an_alarm_that_is_late_still_rings() -> None:
    async def origin(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        hold_up()
        await forever()

    async def main(lab: Lab) -> int:
        return (await lab.ask(get())).status

    assert on_sockets(origin, profile(timer(HEADER, limit=LIMIT), GAP), main) == 524
