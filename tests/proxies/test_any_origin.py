"""Whatever an origin sends and whatever a client asks, no profile's edge fails or forgets an exchange.

Origins and clients are drawn from a seeded generator and played in virtual time.
"""

import asyncio
import logging
import random  # noqa: TID251 - seeded: the same plays in each run

import pytest

from firstbyte.harness.files.loader import load_profile, profile_names
from firstbyte.harness.model.profile import CloseKind
from tests.proxies.lab import CHUNKED, OK, Lab, Script, forever, get, head_of, post, simulate

PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    CHUNKED,
    b"6\r\nhello\n\r\n",
    b"0\r\n\r\n",
    OK,
    b"garbage\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhello\n",
    b"HTTP/1.1 200 OK\r\n\r\nhello",
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nabc",
    b"H",
]
REQUESTS = [
    get(),
    post(b"hello"),
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
]


def origin(chance: random.Random) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            for _ in range(chance.randint(0, 5)):
                writer.write(chance.choice(PIECES))
                await asyncio.sleep(chance.choice([0, 0, 0.5, 20, 60]))
            match chance.choice(["fin", "rst", "hang", "on"]):
                case "fin":
                    return
                case "rst":
                    writer.transport.reset()  # type: ignore[attr-defined]  # the simulation's
                case "hang":
                    await forever()

    return script


async def clients(lab: Lab, chance: random.Random) -> str:
    for _ in range(6):
        client = await lab.connect()
        client.send(chance.choice(REQUESTS))
        await asyncio.sleep(chance.choice([0.1, 30, 400]))
        if chance.random() < 0.5:
            client.reset()
        else:
            client.close()
    await asyncio.sleep(8_000)
    return repr(lab.edge)


@pytest.mark.parametrize("name", profile_names())
def test_no_exchange_fails_or_is_forgotten(name: str, caplog: pytest.LogCaptureFixture) -> None:
    edge_profile = load_profile(name).profile
    side = edge_profile.origin
    for seed in range(10):
        chance = random.Random(f"{name} {seed}")
        left = simulate(origin(chance), edge_profile, lambda lab, chance=chance: clients(lab, chance))  # type: ignore[misc]  # bound now
        if CloseKind.NOTHING not in (side.on_client_leave, side.on_expiry):
            assert ", 0 requests>, 0 connections" in left, seed
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
