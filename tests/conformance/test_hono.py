"""The reference handlers put the same bytes on the wire, in the same order around the work, as the runtime
each stands for; the runtimes still do what was recorded; the report's handler does not stall by itself.

The bytes compared are all there are but for what `normalised.normal` names.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firstbyte.harness.client.ask import create_session
from firstbyte.harness.problems import MissingTool
from firstbyte.harness.process.child import start_child
from firstbyte.harness.targets.hono.recording import (
    BEATS,
    WAIT_MS,
    Recording,
    handler_request,
    handlers_on,
    load_recording,
    record,
    shape_ids,
)
from firstbyte.harness.targets.hono.runtime import RUNTIMES, Runtime
from firstbyte.harness.targets.hono.target import kin
from firstbyte.harness.targets.hono.transcript import Transcript, listen_to, outline
from firstbyte.reference_server.handlers import handler_ids
from tests.conformance.normalised import halves
from tests.conftest import lacking

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.clock]

BLOCKING = "no-content-blocking"
EARLY = WAIT_MS / 2
RECORDED = {runtime.name: load_recording(runtime.name) for runtime in RUNTIMES}
REPORTS_OWN = "hono-bun"


@asynccontextmanager
async def reference(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """The reference server, its work as long as the recorded runtimes'."""
    arguments = ["--listen", "127.0.0.1:0", "--data", str(folder / "data"), "--api", "1.2"]
    arguments += ["--model-delay", f"{WAIT_MS:.0f}ms", "--heartbeat", f"{WAIT_MS * BEATS:.0f}ms"]
    child = await start_child("origin", "firstbyte.reference_server.main", arguments, folder)
    try:
        yield child.address
    finally:
        await child.stop()


async def prompted(address: tuple[str, int], names: Iterable[str]) -> dict[str, Transcript]:
    """Every handler's answer, all at once."""

    async def one(name: str) -> Transcript:
        request = handler_request(name, await create_session(address))
        return await listen_to(address, request, method="POST", patience_ms=3 * WAIT_MS)

    names = list(names)
    return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


async def test_each_reference_handler_has_the_bytes_of_the_runtime_it_stands_for(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("shared", "blocked")]
    for folder in folders:
        folder.mkdir()
    async with reference(folders[0]) as shared, reference(folders[1]) as blocked:
        played, alone = await asyncio.gather(
            prompted(shared, [name for name in kin() if name != BLOCKING]), prompted(blocked, [BLOCKING])
        )
    ours, theirs = {}, {}
    for name, transcript in (played | alone).items():
        runtime = kin()[name].stands_for
        is_node = runtime == "hono-node"
        ours[name] = halves(transcript, WAIT_MS, is_node=is_node)
        theirs[name] = halves(RECORDED[runtime].handlers[name], WAIT_MS, is_node=is_node)
    assert ours == theirs


def test_every_handler_stands_for_a_runtime_and_a_shape() -> None:
    assert set(kin()) == {*handler_ids(), "message"}
    assert {one.shape for one in kin().values()} <= set(shape_ids())
    assert all(one.stands_for in one.like for one in kin().values())


def test_expectations_are_meant_for_the_runtimes_that_do_the_same_at_the_same_time() -> None:
    for name, one in kin().items():
        model = outlined(RECORDED[one.stands_for], name)
        alike = {runtime for runtime, recording in RECORDED.items() if outlined(recording, name) == model}
        assert set(one.like) == alike or (one.because and set(one.like) > alike), name


def outlined(recording: Recording, name: str) -> object:
    """The outline of one handler, None where it can't be played."""
    found = recording.handlers.get(name)
    return found and outline(found, recording.wait_ms, "POST")


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
async def test_a_live_runtime_does_what_was_recorded_of_it(runtime: Runtime) -> None:
    try:
        runtime.program()
    except MissingTool as missing:
        lacking(str(missing))
    recorded = RECORDED[runtime.name]
    live = await record(runtime, shape_ids(), handlers_on(runtime), recorded.date)
    assert sans_node(live.versions) == sans_node(recorded.versions)
    assert comparable(live) == comparable(recorded)


def sans_node(versions: dict[str, str]) -> dict[str, str]:
    """Without Node's own version: it is the machine's."""
    return {name: version for name, version in versions.items() if name != "node"}


def comparable(recording: Recording) -> dict[str, tuple[str, ...]]:
    """Each answer's two halves and how it ended."""
    is_node = recording.target == "hono-node"
    return {
        name: (*halves(one, recording.wait_ms, is_node=is_node), one.end)
        for name, one in (recording.shapes | recording.handlers).items()
    }


REPORTED: list[tuple[str, str, str, str]] = [
    # what, shape, header complete, first byte
    ("fire and forget, as reported", "a_204_fnf", "before", "before"),
    ("the same with an await in the callback", "b_204_await", "after", "before"),
    ("the proposed fix", "h_204_body_null", "before", "before"),
    ("the fix, the work blocks before it is sent", "k3_nullbody_block_sync", "after", "after"),
    ("the fix, the work blocks in a microtask", "k4_nullbody_block_microtask", "after", "after"),
    ("the fix, the work blocks a macrotask later", "k6_nullbody_block_tick0", "before", "before"),
]


@pytest.mark.parametrize(
    ("what", "shape", "header", "first_byte"), REPORTED, ids=[row[1] for row in REPORTED]
)
def test_the_reports_handler_does_not_stall_and_what_stalls_is_known(
    what: str, shape: str, header: str, first_byte: str
) -> None:
    recording = RECORDED[REPORTS_OWN]
    assert (recording.versions["bun"], recording.versions["hono"]) == ("1.3.10", "4.10.7")
    seen = outline(recording.shapes[shape], recording.wait_ms, "GET")
    assert (seen.status, seen.header, seen.first_byte) == (204, header, first_byte), what
