"""Bytes arrive whole and in order, however they are written, cut, delayed, paused or buffered."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.harness.model.units import Duration
from firstbyte.harness.sim import Link, Sim, run_sim

LINKS = st.builds(
    Link,
    latency=st.sampled_from([0, 1, 2_500]),
    segment=st.integers(1, 40) | st.just(262_144),
    capacity=st.integers(1, 40) | st.just(65_536),
)
CHUNKS = st.lists(st.binary(max_size=60), max_size=12)
PAUSES = st.lists(st.sampled_from([0.0, 0.001, 0.0025]), max_size=12)


class Sink(asyncio.Protocol):
    """Collects, and pauses for the next of `pauses` after each read."""

    def __init__(self, pauses: list[float]) -> None:
        self.received = b""
        self.ended = asyncio.Event()
        self._pauses = list(pauses)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self._pauses:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(self._pauses.pop(), self._transport.resume_reading)

    def connection_lost(self, exc: Exception | None) -> None:
        assert exc is None
        self.ended.set()


@settings(deadline=None)
@given(chunks=CHUNKS, link=LINKS, back=LINKS, pauses=PAUSES, waits=PAUSES, freeze=st.integers(0, 5_000))
def test_a_byte_stream_arrives_intact_and_in_order(
    chunks: list[bytes], link: Link, back: Link, pauses: list[float], waits: list[float], freeze: int
) -> None:
    async def main(sim: Sim) -> bytes:
        sim.network.link("main", "origin", link)
        sim.network.link("origin", "main", back)
        origin, sink = sim.network.host("origin"), Sink(pauses)

        async def serve() -> asyncio.Server:
            return await asyncio.get_running_loop().create_server(lambda: sink, "origin", 80)

        await origin.start(serve())
        _, writer = await asyncio.open_connection("origin", 80)
        origin.freeze(Duration(freeze))
        for index, chunk in enumerate(chunks):
            writer.write(chunk)
            if index < len(waits):
                await asyncio.sleep(waits[index])
                await writer.drain()
        writer.close()
        await sink.ended.wait()
        return sink.received

    assert run_sim(main) == b"".join(chunks)
