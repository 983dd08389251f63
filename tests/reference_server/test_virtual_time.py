"""The same application in virtual time: exact to the microsecond, and the same every time."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.reference_server.app import ProtocolFactory, create_app, shutdown
from firstbyte.reference_server.config import ModelScript, Seconds, ServerConfig, Turn
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.handlers import handler_ids
from firstbyte.reference_server.routes.inspection import ledger_document

DELAY = 130
MODEL = ModelScript(turns=(Turn(delay=Seconds(DELAY)),))
# When the header block is complete with a model of 130 s.
AT_THE_END = {
    "await-result",
    "interim-102",
    "no-content-blocking",
    "stream-partial-header",
    "stream-withheld",
}


async def exchange(sim: Sim, handler: str) -> tuple[int, list[Any]]:
    """The microsecond at which the header was complete, and the ledger once everything is done."""
    host = sim.network.host("origin")
    app = create_app(
        ServerConfig(handler=handler, model=MODEL), env_of(sim), lambda: sqlite3.connect(":memory:")
    )
    factory = ProtocolFactory(app, Seconds(3600))

    async def listen() -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(factory, host.address, 4096)

    server = await host.start(listen())
    reader, writer = await asyncio.open_connection(host.address, 4096)
    session = await post(reader, writer, "/session", {})
    path = f"/session/{session['id']}/prompt_async"
    send(writer, path, {"parts": [{"type": "text", "text": "x"}]})
    head = await reader.readuntil(b"\r\n\r\n")
    while b" 102 " in head:
        head = await reader.readuntil(b"\r\n\r\n")
    at = sim.clock.now()
    await app.state.service.work.quiet()
    assert not app.state.service.work.open_prompts
    events = list(ledger_document(app.state.service)["events"])  # type: ignore[arg-type]  # it is a list
    writer.close()
    server.close()
    factory.shutdown()
    shutdown(app)
    await asyncio.sleep(0)
    return at, events


def env_of(sim: Sim) -> Env:
    async def block(duration: float) -> None:
        await sim.network.host("origin").block(seconds(duration))

    def token(length: int) -> str:
        return "".join(sim.random.choices("abc", k=length))

    return Env(monotonic_us=sim.clock.now, wall_ms=lambda: sim.clock.now() // 1000, token=token, block=block)


def send(writer: asyncio.StreamWriter, path: str, body: object) -> None:
    data = json.dumps(body).encode()
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)


async def post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: object
) -> dict[str, str]:
    send(writer, path, body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return dict(json.loads(await reader.readexactly(length)))


@pytest.mark.parametrize("handler", handler_ids())
def test_a_header_is_complete_at_once_or_when_the_model_is_done(handler: str) -> None:
    async def main(sim: Sim) -> tuple[int, list[Any]]:
        return await exchange(sim, handler)

    at, _ = run_sim(main)
    assert at == (DELAY * 1_000_000 if handler in AT_THE_END else 0)


def test_two_runs_write_the_same_ledger() -> None:
    async def main(sim: Sim) -> tuple[int, list[Any]]:
        return await exchange(sim, "no-content")

    assert run_sim(main, seed=1) == run_sim(main, seed=1)
