"""Whatever bytes a client or an origin sends, an edge neither fails, hangs, makes two of one nor changes a
stream. Whatever stands in a HAR or OpenAPI file, it is read or refused.
"""

import asyncio
import resource
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.harness.sim import Sim, run_sim
from tests.fuzz.amount import inputs, soak_inputs
from tests.fuzz.field import Play, StrictOrigin, changed
from tests.fuzz.kinds import KINDS, Wrong
from tests.fuzz.mutate import Seeded

#: What takes longer is played less often: so many times.
LESS = {"sse": 2, "har": 2, "openapi": 10}
#: Each part is a test of its own, so that a busy machine has time for it before it counts as a hang.
PARTS = 5
#: So many first, before the memory is measured: libraries load their tables when they need them.
WARM_UP = 20
#: KiB that a run may add to the process, whatever the number of inputs.
BOUND = 200_000


def peak() -> int:
    """The most memory this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Drawn:
    """Choices that Hypothesis draws, and makes smaller when something goes wrong."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, end: int) -> int:
        return self._data.draw(st.integers(0, end - 1))


def wrong_of(kind: str, numbers: range) -> Wrong:
    return KINDS[kind](Seeded(f"{kind} {number}") for number in numbers)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_breaks_its_reader(kind: str, part: int) -> None:
    wrong_of(kind, range(WARM_UP))
    before = peak()
    assert wrong_of(kind, range(part, inputs(2_000) // LESS.get(kind, 1), PARTS)) == []
    assert peak() - before < BOUND // PARTS


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=inputs(50, kinds=50),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_drawn_input_breaks_its_reader(kind: str, data: st.DataObject) -> None:
    assert KINDS[kind]([Drawn(data)]) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_million_inputs_do_not_break_their_reader(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    wrong_of(kind, range(WARM_UP))
    before, numbers = peak(), soak_inputs(LESS.get(kind, 1))
    record_property("cases", len(numbers))
    assert wrong_of(kind, numbers) == []
    assert peak() - before < BOUND


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", id="one request"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2, "more than one request", id="two requests"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "the origin can't read", id="a space before the colon"
        ),
    ],
)
def test_the_origin_tells_one_request_from_two(written: bytes, fault: str) -> None:
    async def main(_sim: Sim) -> list[str]:
        origin = StrictOrigin()
        server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(written)
        await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()
        return origin.faults

    told = "".join(run_sim(main))
    assert told.startswith(fault)
    assert bool(told) is bool(fault)


@pytest.mark.parametrize(
    ("came", "origin_end", "is_right"),
    [
        pytest.param(b"Content-Length: 9\r\n\r\ndata: x\n\n", "fin", True, id="whole"),
        pytest.param(b"Content-Length: 9\r\n\r\ndata: y\n\n", "fin", False, id="a byte is another"),
        pytest.param(b"Content-Length: 9\r\n\r\ndata:", "fin", False, id="cut, and nobody cut it"),
        pytest.param(b"Content-Length: 9\r\n\r\ndata:", "rst", True, id="cut by the origin"),
        pytest.param(b"Content-Length: 2\r\n\r\nat", "rst", False, id="cut, with other bytes"),
    ],
)
def test_a_stream_that_came_as_another_is_seen(came: bytes, origin_end: str, is_right: bool) -> None:
    play = Play((), (), origin_end=origin_end, stream=b"data: x\n\n")
    assert (changed(play, b"HTTP/1.1 200 OK\r\n" + came) == "") is is_right
