"""Both sides of the proof: a shape recorded without an edge, and the live emulated edge in front of it."""

import asyncio

import msgspec

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.model.prediction import Prediction
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.recording import Recording
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.units import Duration, as_seconds, seconds
from firstbyte.harness.model.verdict import ClientExchange
from firstbyte.harness.origin.account import read_account
from firstbyte.harness.origin.shape_server import ShapeServer
from firstbyte.harness.predict import Predictor, PreparedProfile
from firstbyte.harness.probe.record import Question, Recorder, Target
from firstbyte.harness.sim import Sim, run_sim
from firstbyte.proxies.edge.simulated import simulated_edge, start_edge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream

PATIENCE = seconds(1009.000001)
"""Longer than any limit but those of an hour, and equal to no sum of round ones."""
ORIGIN = Target(host="origin", port=80)

type Told = tuple[int | None, str, int | None, int]
"""Status, end, when (None = it never ended while the client waited), and requests at the origin."""


def question(shape: Shape) -> Question:
    """The request that the shape is for."""
    wanted = shape.request
    usual = 2 if wanted.method in {"POST", "PUT", "PATCH"} else 0
    size = usual if wanted.body_size is None else wanted.body_size
    return Question(
        method=wanted.method, path="/x", headers=wanted.headers, body=b"x" * size, pace=wanted.pace
    )


def recorded(shape: Shape) -> Recording:
    """What the last request of the shape gets from an origin without an edge."""

    async def main(sim: Sim) -> Recording:
        origin = ShapeServer(shape, sim.clock.now)
        await sim.network.host("origin").start(origin.start("origin", 80))
        recorder = Recorder(ORIGIN, sim.clock)
        await recorder.connect()
        try:
            first = recording = await recorder.exchange(
                question(shape),
                patience=PATIENCE,
                linger=PATIENCE if shape.request.times == 1 else Duration(max(shape.request.gap, 1)),
            )
            for _ in range(1, shape.request.times):
                if not recorder.is_open:
                    recorder.close()
                    recorder = Recorder(ORIGIN, sim.clock)
                    await recorder.connect()
                again = await recorder.exchange(question(shape), patience=PATIENCE, linger=PATIENCE)
                recording = msgspec.structs.replace(again, afresh=first.answer)
            return recording
        finally:
            recorder.close()
            await origin.close()

    return run_sim(main)


def live(shape: Shape, profile: Profile) -> Told:
    """What the client of the emulated edge is told, for the last request of the shape."""

    async def main(sim: Sim) -> Told:
        origin = ShapeServer(shape, sim.clock.now)
        await sim.network.host("origin").start(origin.start("origin", 80))
        edge = simulated_edge(
            sim, EdgeConfig(profile=profile, upstream=Upstream(host="origin", port=80)), _unheard
        )
        client = RawClient(await start_edge(sim, edge), clock=sim.clock, report=_unheard)
        try:
            exchange = await _all_requests(shape, client)
            arrived = sum(row.event == "arrived" for row in read_account(origin.account()).events)
            return _told(exchange, arrived - (shape.request.times - 1))
        finally:
            client.close()
            await edge.close()
            await origin.close()

    return run_sim(main)


async def _all_requests(shape: Shape, client: RawClient) -> ClientExchange:

    asked = question(shape)
    exchange = None
    for number in range(1, shape.request.times + 1):
        if exchange is not None:
            await asyncio.sleep(as_seconds(Duration(max(shape.request.gap, 1))))
        request = Request(
            id=number,
            method=asked.method,
            path=asked.path,
            headers=asked.headers,
            body=asked.body,
            leave_after=PATIENCE,
            pace=asked.pace,
        )
        exchange = await client.exchange(request, reuse=number > 1)
    assert exchange is not None
    return exchange


def _told(exchange: ClientExchange, requests: int) -> Told:
    is_open = exchange.end == "open"
    at = None if is_open or exchange.end_at is None else exchange.end_at - exchange.sent_at
    return exchange.status, str(exchange.end), at, requests


def predict(recording: Recording, profile: Profile) -> Prediction:
    """What the client of this edge would have got."""
    return Predictor(recording).predict(PreparedProfile(profile))


def predicted(recording: Recording, profile: Profile) -> Told:
    """What the pure function says the client is told while it waits."""
    return told_by(predict(recording, profile))


def told_by(one: Prediction) -> Told:
    """A prediction, as far as a client that waits no longer than ours can see."""
    if one.at is None or one.at >= PATIENCE:
        return one.status, "open", None, one.requests
    return one.status, str(one.end), one.at, one.requests


def _unheard(_event: Event) -> None:
    """The proof looks at what the client was told."""
