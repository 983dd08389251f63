"""A child that gets ready can be asked, stopped and killed; one that does not is named with what it said."""

import asyncio
import signal
import socket
import tempfile
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.client.ask import ask
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.scenario import ServerOrigin
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process import child as processes
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.runner.plan import Options, make_plan
from firstbyte.harness.runner.play import run_real
from firstbyte.harness.runner.selection import select

pytestmark = pytest.mark.real

SERVER = "firstbyte.reference_server.main"
LISTEN = ("--listen", "127.0.0.1:0")


async def start(folder: Path, *arguments: str) -> Child:
    return await start_child("origin", SERVER, [*LISTEN, "--data", str(folder / "data"), *arguments], folder)


def is_free(address: tuple[str, int]) -> bool:
    with socket.create_server(address):
        return True


@pytest.mark.parametrize("end", [Child.stop, Child.kill], ids=["stop", "kill"])
async def test_a_child_is_gone_with_its_port_once_it_was_ended(end: object, tmp_path: Path) -> None:
    child = await start(tmp_path)
    assert (await ask(child.address, "GET", "/global/health")).status == 200
    assert repr(child) == f"<Child origin pid {child.pid} at 127.0.0.1:{child.address[1]}>"
    was_running = child.is_running
    await (child.stop() if end is Child.stop else child.kill())
    assert (was_running, child.is_running) == (True, False)
    assert is_free(child.address)
    await child.stop()
    await child.kill()


async def test_a_child_that_does_not_listen_to_a_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    child = await start(tmp_path, "--handler", "no-content-blocking", "--model-delay", "100s")
    session = (await ask(child.address, "POST", "/session", b"{}")).body
    name = str(msgspec.json.decode(session)["id"])
    prompt = b'{"parts": [{"type": "text", "text": "hi"}]}'
    blocking = asyncio.ensure_future(ask(child.address, "POST", f"/session/{name}/prompt_async", prompt))
    log = tmp_path / "data" / "firstbyte.db-wal"
    before = log.stat().st_size
    async with asyncio.timeout(10):
        while log.stat().st_size == before:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0)
    await child.stop()
    assert not child.is_running
    with pytest.raises(ConnectionError):
        await blocking


async def test_a_child_that_ends_instead_of_getting_ready_is_named_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"origin: did not get ready .*'nope' is not a handler"):
        await start(tmp_path, "--handler", "nope")


async def test_a_child_that_says_nothing_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "READY_SECONDS", 0.0)
    with pytest.raises(SetupFailed, match=r"origin: did not get ready \(TimeoutError\): it said nothing"):
        await start(tmp_path)


def test_a_signal_for_a_child_that_has_ended_goes_to_nobody(tmp_path: Path) -> None:
    async def main() -> int:
        child = await start(tmp_path)
        await child.kill()
        return child.pid

    processes._fork_server.signal(asyncio.run(main()), signal.SIGKILL)


def run_with(handler: str) -> Run:
    plan = make_plan(select(["act-3"])[0], "direct", Options(mode="real", time_scale=400))
    scenario = msgspec.structs.replace(plan.scenario, origin=ServerOrigin(handler=handler))
    return asyncio.run(run_real(msgspec.structs.replace(plan, scenario=scenario, expect=None)))


def test_an_origin_that_can_not_start_is_a_set_up_error_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run = run_with("nope")
    assert run.outcome is Outcome.SETUP_ERROR
    assert "'nope' is not a handler" in run.problem
    assert list(tmp_path.iterdir()) == []
    assert run_with("no-content").outcome is Outcome.PASS
    assert list(tmp_path.iterdir()) == []
