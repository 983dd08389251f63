"""Plays one wire shape to one edge: its request, its answer, what the origin saw. In sim as in real."""

import asyncio

import msgspec

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.clock import Clock
from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.origin import WatchedOrigin
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import Duration, as_seconds, scale, seconds
from firstbyte.harness.model.verdict import ClientExchange

WORLD = seconds(60)
"""The limit that the shapes are written for."""
PATIENCE = Duration(5 * WORLD)
"""The client leaves when there is still no end then: some edges never give up."""
GRACE = Duration(WORLD // 5)
"""So long after the answer's end an edge may take to leave the origin."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how fast. front: of the edge. scale: every wait is divided by it; 1 in sim."""

    front: tuple[str, int]
    clock: Clock
    scale: float
    limit: Duration


async def play(shape: Shape, origin: WatchedOrigin, place: Place) -> Cell:
    """All requests of the shape, one after the other; the last one is judged."""
    client = RawClient(place.front, clock=place.clock, report=origin.events.append)
    try:
        exchange = await _requests(shape, client, place)
        saw = await origin.saw(as_seconds(scale(GRACE, place.scale)))
    finally:
        client.close()
    return Cell(
        status=exchange.status,
        end=str(exchange.end),
        at=exchange.took or 0,
        limit=place.limit,
        origin_requests=origin.requests,
        origin_saw=saw,
        events=tuple(origin.events),
    )


async def _requests(shape: Shape, client: RawClient, place: Place) -> ClientExchange:
    described = shape.request
    exchange = await client.exchange(_request(shape, 1, place.scale))
    for number in range(2, described.times + 1):
        await asyncio.sleep(as_seconds(scale(described.gap, place.scale)))
        exchange = await client.exchange(_request(shape, number, place.scale), reuse=True)
    return exchange


def _request(shape: Shape, number: int, factor: float) -> Request:
    described = shape.request
    size = described.body_size
    if size is None:
        size = 2 if described.method in {"POST", "PUT", "PATCH"} else 0
    return Request(
        id=number,
        method=described.method,
        path=f"/{shape.id}",
        headers=described.headers,
        body=b"{}" if size == 2 else b"x" * size,
        leave_after=scale(PATIENCE, factor),
        pace=scale(described.pace, factor),
    )
