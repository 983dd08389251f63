"""A slow upload keeps its pace: if one part is delayed, the following parts are not."""

import asyncio

import pytest

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim import Sim, run_sim

UPLOAD = Request(id=1, method="POST", path="/", body=b"x" * 100, pace=seconds(9))


@pytest.mark.parametrize(("frozen", "sent_at"), [(0, 9), (1.5, 9), (12, 13)])
def test_a_client_frozen_in_the_middle_of_an_upload_ends_it_in_time_if_it_can(
    frozen: float, sent_at: int
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(100)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def main(sim: Sim) -> int | None:
        server = await asyncio.start_server(answer, "main", 80)
        client = RawClient(("main", 80), clock=sim.clock, report=lambda _event: None)
        host = sim.network.host("client")
        sim.loop.call_later(1, host.freeze, seconds(frozen))
        exchange = await host.start(client.exchange(UPLOAD))
        client.close()
        server.close()
        return exchange.header_at

    assert run_sim(main) == seconds(sent_at)
