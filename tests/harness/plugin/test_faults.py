"""Tests marked with faults, in a run of pytest as a user has it: which rounds there are, and what decides."""

import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.users_pytest import run_pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

SHOP = """
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

rounds = []


@pytest.fixture
def orders():
    rounds.append(1)
    return {}


@pytest.fixture
def truth(orders):
    return orders.values


@pytest.fixture
def app(orders):
    async def order(request):
        key = request.headers.get("Idempotency-Key") or str(len(orders) + 1)
        orders[key] = (await request.json())["what"]
        return JSONResponse({"id": key}, status_code=201)

    return Starlette(routes=[Route("/orders", order, methods=["POST"])])
"""
CLIENT = """
import unittest

import httpx
import pytest
from conftest import rounds

seen = []


async def buy(client, headers):
    for _ in range(3):
        try:
            reply = await client.post("/orders", json={"what": "tea"}, headers=headers)
        except httpx.HTTPError:
            continue
        if reply.status_code < 500:
            return reply.json()


def faults(**more):
    return pytest.mark.firstbyte(faults="all", **more)
"""
IN_SIM = """
@faults(truth="truth")
def test_blind(sim, app):
    assert sim(app, lambda world: buy(world.client, {}))["id"]


@faults(truth="truth")
def test_key(sim, app):
    assert sim(app, lambda world: buy(world.client, {"Idempotency-Key": "k"}))["id"] == "k"


@faults()
def test_the_ledger_fixture_is_the_truth_too(sim, app, ledger, orders):
    ledger(orders.values)
    sim(app, lambda world: buy(world.client, {}))


async def once(world):
    try:
        (await world.client.post("/orders", json={"what": "tea"})).json()
    except httpx.HTTPError:
        pass


@faults(truth="truth")
def test_it_believes_what_it_is_told(sim, app):
    sim(app, once)


@faults(truth="truth", belief="careful")
def test_it_does_not_know(sim, app):
    try:
        sim(app, once)
    except ValueError:
        pass


@pytest.mark.firstbyte(faults="resend")
def test_not_the_same_each_time(sim, app):
    seen.append(1)
    if len(seen) == 1:
        sim(app, once)


class TestFresh:
    @pytest.mark.firstbyte(faults=["mutate", "resend"])
    def test_fixtures_and_instance(self, sim, app, orders, tmp_path):
        assert not orders and not vars(self) and not list(tmp_path.iterdir())
        (tmp_path / "used").touch()
        self.used = True
        sim(app, once)


@pytest.mark.firstbyte(faults="all")
def test_without_an_edge():
    pass


@faults(truth="nowhere")
def test_with_a_wrong_truth(sim, app):
    sim(app, once)


@faults()
def test_that_fails_by_itself(sim):
    assert not rounds
"""
BEHIND_EDGES = """
@pytest.fixture
def front(edge, origin, app):
    return edge(origin(app=app).url)


@pytest.mark.asyncio
@pytest.mark.firstbyte(faults="resend,mutate", truth="truth")
async def test_async(front):
    async with httpx.AsyncClient(base_url=front.url) as client:
        assert (await buy(client, {}))["id"]


class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _front(self, front):
        self.front = front

    @pytest.mark.firstbyte(faults="cut-header")
    def test_in_a_unittest_class(self):
        self.assertEqual(httpx.post(f"{self.front.url}/orders", json={"what": "tea"}).status_code, 201)
"""


AUTO = """
@pytest.fixture
async def front(edge, origin, app):
    return edge(origin(app=app).url)


@pytest.mark.firstbyte(faults="resend", truth="truth")
async def test_first(front):
    async with httpx.AsyncClient(base_url=front.url) as client:
        assert (await buy(client, {}))["id"]


async def test_second():
    raise AssertionError("-x must not come here")
"""


def run(folder: Path, tests: str, *words: str) -> subprocess.CompletedProcess[str]:
    """pytest in a project of its own."""
    (folder / "conftest.py").write_text(SHOP)
    (folder / "test_it.py").write_text(CLIENT + tests)
    return run_pytest(folder, "-o", "asyncio_default_fixture_loop_scope=function", *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What pytest says of all tests in virtual time."""
    done = run(folder, IN_SIM, "-v", "--junitxml=report.xml")
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def outcome(said: str, name: str) -> str:
    """The last word of a test's line."""
    said = said.replace("[cloudflare] ", " ")
    lines = [line.split() for line in said.splitlines() if f"::{name} " in line and "[" in line]
    return next(word for words in lines for word in words if word in ("PASSED", "FAILED", "ERROR"))


def summary(said: str, name: str) -> str:
    names = (f"_ {name} _", f"_ {name}[cloudflare] _", f" of {name} _", f" of {name}[cloudflare] _")
    text = next(filter(None, (said.partition(title)[2] for title in names)))
    return text.partition("\n")[2].lstrip().partition("\n")[0]


def test_a_client_that_sends_again_blindly_is_caught_in_the_rounds_that_show_it(said: str) -> None:
    assert outcome(said, "test_blind") == "FAILED"
    assert summary(said, "test_blind") == (
        "3 of 4 rounds with a fault: 1:cut-header duplicate, 1:cut-body duplicate, 1:resend duplicate"
    )
    assert "  4/4 request 1 POST /orders: mutate ... ok" in said


def test_a_failed_round_shows_picture_verdict_cure_seed_and_replay(said: str) -> None:
    text = said.partition("_ test_blind[cloudflare] _")[2].partition("round 2 of 4")[0]
    assert "round 1 of 4: request 1 POST /orders: cut-header" in text
    for line in (
        "\nclient ",
        "\nedge ",
        "FIRED",
        "told     request 2 by its retry: 201, the server's",
        "server   2 effects (tea 2 times); 1 effect without the fault",
        "verdict  duplicate: one intent, done more than once",
        "finding  resent-with-new-id (bug)",
        "cure     Keep the message and its ids",
        "seed     0",
        "replay   pytest 'test_it.py::test_blind[cloudflare]' "
        "--firstbyte-fault=1:cut-header --firstbyte-seed=0",
    ):
        assert line in text, (line, text)


def test_a_client_with_a_key_passes_every_round(said: str) -> None:
    assert outcome(said, "test_key") == "PASSED"


def test_what_the_ledger_fixture_was_given_is_the_truth(said: str) -> None:
    assert "1:resend duplicate" in summary(said, "test_the_ledger_fixture_is_the_truth_too")


def test_a_test_that_asserts_nothing_is_judged_by_the_truth(said: str) -> None:
    assert summary(said, "test_it_believes_what_it_is_told") == (
        "3 of 4 rounds with a fault: 1:cut-header phantom-failure, 1:cut-body truncated, 1:resend duplicate"
    )
    assert summary(said, "test_it_does_not_know") == "1 of 4 rounds with a fault: 1:resend duplicate"


def test_a_fault_that_does_not_fire_is_an_error(said: str) -> None:
    assert outcome(said, "test_not_the_same_each_time") == "ERROR"
    assert "the fault did not fire: that request never came" in said


def test_fixtures_and_instance_are_fresh_in_each_round(said: str) -> None:
    assert outcome(said, "TestFresh::test_fixtures_and_instance") == "PASSED"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("test_without_an_edge", "there is nothing to play. Make the edge with the `edge` or `sim` fixture"),
        ("test_with_a_wrong_truth", "truth='nowhere': there is no such fixture"),
    ],
)
def test_what_is_wrong_is_an_error_with_its_cure(name: str, cure: str, said: str) -> None:
    assert outcome(said, name) == "ERROR"
    assert cure in said


def test_a_test_that_fails_without_a_fault_is_played_once(said: str) -> None:
    text = said.partition("_ test_that_fails_by_itself[cloudflare] _")[2]
    assert "this is the round without a fault" in text
    assert outcome(said, "test_that_fails_by_itself") == "FAILED"


def test_junit_has_the_rounds_and_the_seed(folder: Path, said: str) -> None:
    assert said
    (case,) = ET.parse(folder / "report.xml").findall(".//testcase[@name='test_blind[cloudflare]']")
    found = {one.get("name"): one.get("value") for one in case.findall(".//property")}
    assert found["firstbyte-rounds"] == "4"
    assert found["firstbyte-seed"] == "0"
    assert found["firstbyte-failed"] == "1:cut-header duplicate, 1:cut-body duplicate, 1:resend duplicate"


def test_the_replay_plays_its_one_round_and_no_other(tmp_path: Path) -> None:
    words = ("-v", "--firstbyte-fault=1:resend", "--firstbyte-seed=7")
    done = run(tmp_path, IN_SIM, "test_it.py::test_blind", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert summary(done.stdout, "test_blind") == "1 of 1 rounds with a fault: 1:resend duplicate"
    assert "--firstbyte-fault=1:resend --firstbyte-seed=7" in done.stdout


def test_behind_edges_in_processes_of_xdist_async_and_in_unittest_classes(tmp_path: Path) -> None:
    words = ("-n", "2", "--firstbyte-edge=nginx", "--firstbyte-edge=cloudflare")
    done = run(tmp_path, BEHIND_EDGES, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 1 error" in done.stdout, done.stdout
    assert "should run behind nginx, cloudflare; a test of unittest" in done.stdout
    for edge in ("nginx", "cloudflare"):
        text = done.stdout.partition(f"_ test_async[{edge}] _")[2].partition("\nreplay ")[0]
        assert "1 of 2 rounds with a fault: 1:resend duplicate" in text
        assert f"behind {edge}\n" in text
    done = run(tmp_path, BEHIND_EDGES, "-k", "unittest", "--firstbyte-edge=cloudflare")
    assert "1 of 1 rounds with a fault: 1:cut-header failed" in done.stdout
    assert "524 != 201" in done.stdout


def test_async_in_auto_mode_and_x_stops_after_the_test_that_failed_in_a_round(tmp_path: Path) -> None:
    done = run(tmp_path, AUTO, "-x", "-o", "asyncio_mode=auto")
    assert done.returncode == 1, done.stdout + done.stderr
    assert summary(done.stdout, "test_first[cloudflare]") == "1 of 1 rounds with a fault: 1:resend duplicate"
    assert "1 failed" in done.stdout
    assert "-x must not come here" not in done.stdout
