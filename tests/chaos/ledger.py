"""The reference server under load, killed again and again: is what it accepted what it has?

A fast client keeps several prompts in flight and notes every 204 it has seen whole; the server is killed -9
after drawn numbers of them, and started again on the same data and port. What is durable is read from the
database file itself. It must never count a prompt as accepted whose 204 did not come.
"""

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random  # noqa: TID251 - a seed makes it, and stands in every result

import msgspec

from firstbyte.harness.client.ask import create_session
from firstbyte.harness.process.child import Child, start_child

SERVER = "firstbyte.reference_server.main"
IN_FLIGHT = 8
ACCEPTED = b"HTTP/1.1 204 "
END_OF_HEAD = b"\r\n\r\n"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the prompts. lost: accepted and not durable. doubled: durable more than once. unsure:
    durable without a 204 that came, which nobody was promised. integrity: SQLite's own word.
    """

    handler: str
    seed: int
    kills: int
    accepted: int
    durable: int
    lost: int
    doubled: int
    unsure: int
    integrity: str


class Load:
    """Prompts on their way to one server that is killed and restarted."""

    def __init__(self, folder: Path, handler: str, *, messages: int, every: int, seed: int) -> None:
        self._folder = folder
        self._handler = handler
        self._messages = messages
        self._every = every
        self._draw = Random(seed)
        self._seed = seed
        self._sent = 0
        self._kills = 0
        self._accepted: set[str] = set()

    def __repr__(self) -> str:
        return f"<Load {len(self._accepted)} of {self._messages} accepted, {self._kills} kills>"

    async def play(self) -> Kept:
        """Until so many were accepted; the last life ends by a kill, too."""
        port = 0
        while len(self._accepted) < self._messages:
            child = await self._start(port)
            port = child.address[1]
            try:
                await self._one_life(child, await create_session(child.address))
            finally:
                await child.kill()
            self._kills += 1
        return self._kept()

    async def _start(self, port: int) -> Child:
        arguments = ["--listen", f"127.0.0.1:{port}", "--data", str(self._data), "--handler", self._handler]
        return await start_child("origin", SERVER, [*arguments, "--persist-delay", "1s"], self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    async def _one_life(self, child: Child, session: str) -> None:
        left = self._messages - len(self._accepted)
        enough = len(self._accepted) + min(left, self._draw.randint(1, 2 * self._every))
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._work(child.address, session, enough)) for _ in range(IN_FLIGHT)
            ]
            await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
            await child.kill()  # the other prompts are on their way

    async def _work(self, address: tuple[str, int], session: str, enough: int) -> None:
        """One prompt after the other on one connection, until there are `enough` or the server is gone."""
        reader, writer = await asyncio.open_connection(*address)
        try:
            while len(self._accepted) < enough:
                self._sent += 1
                intent = f"intent-{self._sent}"
                writer.write(_prompt(session, intent))
                head = await reader.readuntil(END_OF_HEAD)
                assert head.startswith(ACCEPTED), head
                self._accepted.add(intent)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _kept(self) -> Kept:
        with closing(sqlite3.connect(self._data / "firstbyte.db")) as disk:
            stored = Counter(row[0] for row in disk.execute("SELECT intent FROM message WHERE role = 'user'"))
            integrity = str(disk.execute("PRAGMA integrity_check").fetchone()[0])
        return Kept(
            handler=self._handler,
            seed=self._seed,
            kills=self._kills,
            accepted=len(self._accepted),
            durable=stored.total(),
            lost=len(self._accepted - stored.keys()),
            doubled=sum(count > 1 for count in stored.values()),
            unsure=len(stored.keys() - self._accepted),
            integrity=integrity,
        )


def _prompt(session: str, intent: str) -> bytes:
    body = json.dumps({"parts": [{"type": "text", "text": intent}], "noReply": True}).encode()
    head = (
        f"POST /session/{session}/prompt_async HTTP/1.1\r\nHost: origin\r\nContent-Type: application/json\r\n"
        f"X-Firstbyte-Intent: {intent}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
