"""Any server can be a target, with the same script and judge. Only what it reports counts.

The server here is the reference server, described by an adapter file only.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from firstbyte.harness.client.ask import ask
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.process.child import start_child
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.play import run_real
from firstbyte.harness.runner.selection import plans, select
from tests.conftest import lacking

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.clock]

SCALE = 50.0
FILE = """
version = 1
name = "a stranger's chat"
[session]
path = "/session"
id = "id"
[send]
path = "/session/{session}/prompt_async"
json = { messageID = "{message}", parts = [{ type = "text", text = "{text}" }] }
[truth]
path = "/session/{session}/message"
messages = "[*]"
role = "info.role"
text = "parts[*].text"
id = "info.id"
at = "info.time.created"
quiet = "300ms"
"""
START = """
[start]
command = ["PYTHON", "-m", "firstbyte.reference_server", "--listen", "127.0.0.1:{port}", "--data", "store",
  "--handler", "HANDLER", "--model-delay", "{scaled:130s}s", "--persist-delay", "{scaled:10s}s"]
ready = "/global/health"
"""


def started(folder: Path, handler: str) -> str:
    """A file of a server that is started for every run."""
    path = folder / "chat.toml"
    path.write_text(FILE + START.replace("PYTHON", sys.executable).replace("HANDLER", handler))
    return str(path)


def played(scenarios: Sequence[str], target: str, adapter: str = "", scale: float = SCALE) -> dict[str, Run]:
    """Run them one by one."""
    options = Options(mode="real", time_scale=scale, target=target, adapter=adapter)
    return {plan.name: asyncio.run(run_real(plan)) for plan in plans(select(scenarios), (), options)}


def verdicts(runs: dict[str, Run]) -> dict[str, Verdict | str]:
    """Of each run, or why there is none."""
    return {name: run.judgement.verdict if run.judgement else run.problem for name, run in runs.items()}


def test_a_server_that_withholds_its_answer_is_found_out(tmp_path: Path) -> None:
    name = started(tmp_path, "stream-withheld")
    runs = played(["act-1", "act-5a"], name)
    assert verdicts(runs) == {
        "act-1[cloudflare-100]": Verdict.PHANTOM_FAILURE,
        "act-5a[cloudflare-100]": f"{name}: plays the same here as act-1, which is run",
    }
    assert [run.outcome for run in runs.values()] == [Outcome.FAIL, Outcome.NOT_APPLICABLE]
    findings = runs["act-1[cloudflare-100]"].findings
    assert {"header-withheld", "answered-by-edge"} <= set(findings)
    assert "request-never-arrived" not in findings


def test_a_server_that_loses_what_it_acknowledged_is_found_out_by_killing_it(tmp_path: Path) -> None:
    runs = played(["act-6b"], started(tmp_path, "ack-before-persist"))
    assert verdicts(runs) == {"act-6b[cloudflare-100]": Verdict.PHANTOM_SUCCESS}
    assert runs["act-6b[cloudflare-100]"].outcome is Outcome.FAIL


def test_a_good_server_passes_and_a_refused_request_is_not_said_to_have_never_arrived(
    tmp_path: Path,
) -> None:
    (run,) = played(["act-3"], started(tmp_path, "no-content")).values()
    assert (run.outcome, run.judgement and run.judgement.verdict) == (Outcome.PASS, Verdict.DELIVERED)
    assert run.versions == {"server": "a stranger's chat"}
    assert not run.ledger.tells_arrivals


def test_a_server_that_runs_already_is_spoken_to_at_its_url_and_left_as_it_is(tmp_path: Path) -> None:
    adapter = tmp_path / "chat.toml"
    adapter.write_text(FILE)

    async def beside_a_server() -> list[Run]:
        arguments = ["--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), "--handler", "no-content"]
        child = await start_child("origin", "firstbyte.reference_server.main", arguments, tmp_path)
        try:
            url = f"http://127.0.0.1:{child.address[1]}"
            options = Options(mode="real", time_scale=SCALE, target=url, adapter=str(adapter))
            runs = [await run_real(plan) for plan in plans(select(["act-3", "act-6b"]), (), options)]
            assert (await ask(child.address, "GET", "/global/health")).status == 200
            return runs
        finally:
            await child.stop()

    good, killed = asyncio.run(beside_a_server())
    assert (good.outcome, good.target.partition(":")[0]) == (Outcome.PASS, "http")
    assert killed.outcome is Outcome.NOT_APPLICABLE
    assert "the scenario kills the server" in killed.problem


@pytest.fixture(scope="module")
def adk(root: Path) -> str:
    """The example's file; its server is not anybody's dependency."""
    if not (root / ".cache" / "adk" / "packages.stamp").exists():
        lacking("the chat server of examples/adk is not installed; run `make adk`")
    return str(root / "examples" / "adk" / "server.toml")


@pytest.mark.soak
def test_a_real_chat_server_fails_as_docs_say_it_does(adk: str, root: Path) -> None:
    runs = played(["act-1", "act-2", "act-4b", "act-6b"], adk, scale=25.0)
    told = json.loads((root / "examples" / "adk" / "measured.json").read_text())["verdicts"]
    judged = {name: str(run.judgement.verdict) for name, run in runs.items() if run.judgement}
    assert judged.keys() == told.keys()
    assert {name: one for name, one in judged.items() if one not in told[name]} == {}
    assert {name for name, run in runs.items() if run.outcome is Outcome.FAIL} == set(told)
