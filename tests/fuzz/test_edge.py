"""Whatever bytes a client or an origin sends, an edge neither fails, hangs nor makes two of one."""

import asyncio
import resource
from collections.abc import Callable

import pytest

from firstbyte.harness.sim import Sim, run_sim
from tests.fuzz.amount import inputs, soak_inputs
from tests.fuzz.field import Play, StrictOrigin, faults
from tests.fuzz.mutate import Seeded, Source
from tests.fuzz.seeds import client_play, fuzzed_profile, http2_play, origin_play

KINDS = [
    pytest.param(origin_play, id="origin"),
    pytest.param(client_play, id="client"),
    pytest.param(http2_play, id="http2"),
]
#: Each part is a test of its own, so that a busy machine has time for it before it counts as a hang.
PARTS = 5
#: KiB that a run may add to the process, whatever the number of inputs.
BOUND = 200_000


def peak() -> int:
    """The most memory this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def play(kind: Callable[[Source], Play], numbers: range) -> list[tuple[Play, str]]:
    name = getattr(kind, "__name__", "")
    return faults((kind(Seeded(f"{name} {number}")) for number in numbers), fuzzed_profile())


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_breaks_an_edge(kind: Callable[[Source], Play], part: int) -> None:
    before = peak()
    assert play(kind, range(part, inputs(2_000), PARTS)) == []
    assert peak() - before < BOUND // PARTS


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_million_inputs_do_not_break_an_edge(
    kind: Callable[[Source], Play], record_property: Callable[[str, object], None]
) -> None:
    before, numbers = peak(), soak_inputs()
    record_property("cases", len(numbers))
    assert play(kind, numbers) == []
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
