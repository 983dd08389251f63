"""On real sockets too: what is predicted from a direct exchange is what the live edge then does."""

import asyncio

import pytest

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.clock import RealClock
from firstbyte.harness.files.loader import load_profile, load_shape
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.profile_ops import scaled
from firstbyte.harness.model.scenario_ops import scaled_shape
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.origin.shape_server import ShapeServer
from firstbyte.harness.probe.record import Question, Target, record
from firstbyte.proxies.edge.server import EdgeServer
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from tests.harness.predict.lab import predict

pytestmark = [pytest.mark.real, pytest.mark.clock]

FASTER = 60
"""A limit of 60 s becomes one of 1 s, and everything else of these shapes is half or twice as long."""
SHAPES = (
    "answer-at-half",
    "silent-then-json",
    "silent-then-204",
    "partial-header-half",
    "partial-header-200",
    "interim-103-then-200",
    "close-in-chunk",
    "204-with-body",
)
EDGES = ("nginx", "haproxy", "varnish")

type Told = tuple[int | None, str]


async def test_the_live_edge_does_what_was_predicted() -> None:
    pairs = await asyncio.gather(*(predicted_and_told(name) for name in SHAPES))
    predicted, told = (
        {name: pair[side] for name, pair in zip(SHAPES, pairs, strict=True)} for side in (0, 1)
    )
    assert predicted == told


async def predicted_and_told(name: str) -> tuple[list[Told], list[Told]]:
    """Of one shape behind each edge."""
    shape = scaled_shape(load_shape(name), FASTER)
    profiles = [scaled(load_profile(edge).profile, FASTER) for edge in EDGES]
    origin = ShapeServer(shape, RealClock().now)
    host, port = await origin.start("127.0.0.1", 0)
    try:
        question = Question(method=shape.request.method, path="/", body=b"{}")
        behind = [asyncio.ensure_future(through(profile, port, shape)) for profile in profiles]
        direct = await record(Target(host=host, port=port), question, RealClock(), seconds(5))
        told = await asyncio.gather(*behind)
    finally:
        await origin.close()
    predictions = [predict(direct, profile) for profile in profiles]
    return [(one.status, str(one.end)) for one in predictions], told


async def through(profile: Profile, port: int, shape: Shape) -> Told:
    shared = SharedEdge(
        EdgeConfig(profile=profile, upstream=Upstream(host="127.0.0.1", port=port), is_virtual=False),
        clock=RealClock(),
        report=_unheard,
        token=lambda length: "x" * length,
    )
    edge = EdgeServer(shared)
    client = RawClient(await edge.start("127.0.0.1", 0), clock=RealClock(), report=_unheard)
    try:
        request = Request(id=1, method=shape.request.method, path="/", body=b"{}", leave_after=WAIT)
        exchange = await client.exchange(request)
        return exchange.status, str(exchange.end)
    finally:
        client.close()
        await edge.close()


WAIT = Duration(6_000_000)


def _unheard(_event: Event) -> None:
    """Only what the client is told counts here."""
