"""What the event loop of simulations, its transports and its report of who waits take from asyncio."""

import argparse
import asyncio
import contextlib
import inspect
from asyncio import base_events, streams, transports
from contextvars import Context
from typing import Any

import pytest

from firstbyte.harness.model.units import seconds
from firstbyte.harness.sim.loop import SimLoop
from firstbyte.harness.sim.run import run_sim
from tests.contracts.private_names import holds

LOOP = "asyncio.base_events.BaseEventLoop"


def uses_of(function: Any, *names: str) -> list[str]:
    """Those of the names that its code uses."""
    return [name for name in names if name in function.__code__.co_names]


@pytest.fixture
def loop() -> Any:
    with contextlib.closing(SimLoop(max_virtual=seconds(9), max_turns=99)) as made:
        yield made


@holds(f"{LOOP}._run_once", f"{LOOP}._stopping", f"{LOOP}._thread_id", f"{LOOP}._closed", f"{LOOP}._ready")
def test_a_loop_runs_rounds_until_it_is_to_stop(loop: SimLoop) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.append((loop._thread_id is not None, loop._stopping))
        loop.stop()
        seen.append(loop._stopping)

    loop.call_soon(look)
    assert len(loop._ready) == 1
    loop.run_forever()
    assert seen == [(True, False), True]
    assert (loop._thread_id, loop._stopping, loop._closed, len(loop._ready)) == (None, False, False, 0)
    loop.close()
    assert loop._closed


def test_only_the_round_itself_looks_at_what_is_ready() -> None:
    """A loop that had a second place for this would not notice SimLoop's own round."""
    base = base_events.BaseEventLoop
    assert uses_of(base._run_once, "_ready", "_process_events") == ["_ready", "_process_events"]  # type: ignore[attr-defined]  # not in the stubs
    assert uses_of(base.run_forever, "_run_once") or uses_of(base.run_forever, "_run_forever_setup")


@holds(f"{LOOP}._check_closed")
def test_a_closed_loop_takes_no_callback(loop: SimLoop) -> None:
    assert uses_of(base_events.BaseEventLoop.call_soon, "_check_closed") == ["_check_closed"]
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_forever()


@holds(f"{LOOP}._process_events", f"{LOOP}._timer_handle_cancelled")
def test_a_loop_of_ones_own_has_to_say_what_an_event_and_a_cancelled_timer_are(loop: SimLoop) -> None:
    assert {"_process_events", "_timer_handle_cancelled"} <= vars(base_events.BaseEventLoop).keys()
    before = loop._cancelled
    loop.call_later(1, print).cancel()
    assert loop._cancelled == before + 1


@holds("_context", "_run", "_cancelled")
def test_a_handle_runs_in_its_context_unless_it_is_cancelled(loop: SimLoop) -> None:
    context = Context()
    ran: list[int] = []
    handle = loop.call_soon(ran.append, 1, context=context)
    assert handle._context is context  # type: ignore[attr-defined]  # not in the stubs
    handle._run()
    assert ran == [1]
    handle.cancel()
    assert handle._cancelled


@holds(
    "asyncio.transports._FlowControlMixin",
    "asyncio.transports._FlowControlMixin._maybe_pause_protocol",
    "asyncio.transports._FlowControlMixin._maybe_resume_protocol",
)
def test_a_transport_pauses_its_protocol_above_the_high_mark_and_resumes_it_below_the_low(
    loop: SimLoop,
) -> None:
    class Recorder(asyncio.Protocol):
        def __init__(self) -> None:
            self.calls: list[str] = []

        def pause_writing(self) -> None:
            self.calls.append("pause")

        def resume_writing(self) -> None:
            self.calls.append("resume")

    class Sized(transports._FlowControlMixin):
        size = 0

        def get_write_buffer_size(self) -> int:
            return self.size

    protocol, transport = Recorder(), Sized({}, loop)
    transport._protocol = protocol  # type: ignore[attr-defined]  # set by whoever extends it
    transport.set_write_buffer_limits(high=10, low=4)
    for size in (10, 11, 5, 4):
        transport.size = size
        transport._maybe_pause_protocol()  # type: ignore[attr-defined]  # not in the stubs
        transport._maybe_resume_protocol()  # type: ignore[attr-defined]  # not in the stubs
    assert protocol.calls == ["pause", "resume"]


@holds("asyncio._get_running_loop")
def test_a_thread_without_a_running_loop_has_none() -> None:
    assert run_sim(_running_loop) is True
    assert asyncio._get_running_loop() is None


async def _running_loop(_sim: object) -> bool:
    return asyncio._get_running_loop() is asyncio.get_running_loop()


@holds("_log_destroy_pending", "_log_traceback")
async def test_a_task_has_the_flags_by_which_asyncio_complains_of_it() -> None:
    task = asyncio.create_task(_fail())
    assert task._log_destroy_pending is True  # type: ignore[attr-defined]  # not in the stubs
    flags = [task._log_traceback]
    await asyncio.wait([task])
    flags.append(task._log_traceback)
    task.exception()
    assert [*flags, task._log_traceback] == [False, True, False]


async def _fail() -> None:
    raise ValueError


@holds("_fut_waiter", "_children", "_tasks")
async def test_a_waiting_task_knows_what_it_waits_for() -> None:
    future = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await asyncio.gather(future, asyncio.sleep(0))

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiter = task._fut_waiter  # type: ignore[attr-defined]  # not in the stubs
    assert future in waiter._children
    future.set_result(None)
    async with asyncio.TaskGroup() as group:
        inner = group.create_task(asyncio.sleep(0))
        assert group._tasks == {inner}
    await task


@holds("_wait_for_data", "_drain_helper", "_transport")
def test_a_stream_waits_in_functions_of_these_names() -> None:
    assert streams.StreamReader._wait_for_data.__qualname__ == "StreamReader._wait_for_data"  # type: ignore[attr-defined]  # not in the stubs
    assert streams.FlowControlMixin._drain_helper.__qualname__ == "FlowControlMixin._drain_helper"  # type: ignore[attr-defined]  # not in the stubs
    assert "_transport" in inspect.getsource(streams.StreamReader)


@holds("argparse._ArgumentGroup")
def test_a_group_of_options_is_an_argument_group() -> None:
    assert type(argparse.ArgumentParser().add_argument_group("where")) is argparse._ArgumentGroup
