"""A simulated scenario never hangs and never leaves virtual time: it ends with an error that says why."""

import socket
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.model.scenario import Operation, Send, ServerOrigin, ShapeOrigin
from firstbyte.harness.model.shape import Hold, Interim, Shape
from firstbyte.harness.model.units import seconds
from firstbyte.harness.runner import sim_server
from firstbyte.harness.runner.plan import Options, Plan, make_plan
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.selection import select
from firstbyte.reference_server.app import create_app
from firstbyte.reference_server.config import ServerConfig
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.store import Connect

PROBE = Send(operation=Operation.REQUEST, method="GET", path="/probe")


def plan(shape: Shape | None = None, edge: str = "direct") -> Plan:
    origin = ShapeOrigin(shape="silent") if shape else ServerOrigin()
    scenario = msgspec.structs.replace(select(["act-1"])[0], step=(PROBE,), origin=origin)
    return msgspec.structs.replace(make_plan(scenario, edge, Options()), shape=shape, expect=None)


def test_an_origin_that_never_ends_and_a_client_that_waits_for_ever_are_named() -> None:
    run = run_in_sim(plan(Shape(id="silent", title="Silent", steps=(Hold(),))))
    assert run.outcome is Outcome.HARNESS_ERROR
    assert run.judgement is None
    first, *waits = run.problem.splitlines()
    assert first.startswith("Stalled: ")
    assert any(
        line.strip().startswith("main: task 'RawClient.exchange")
        and "waits for bytes on <connection 1" in line
        for line in waits
    )
    assert any("origin: task" in line and "Playing._do" in line for line in waits)


def test_the_same_wait_behind_an_edge_with_a_deadline_is_a_verdict() -> None:
    run = run_in_sim(plan(Shape(id="silent", title="Silent", steps=(Hold(),)), "nginx"))
    assert run.judgement is not None
    assert run.judgement.exchange.status == 504


def test_an_origin_that_goes_on_for_ever_is_out_of_time_and_no_hang() -> None:
    drip = Interim(status=102, times=10_000, every=seconds(3600))
    run = run_in_sim(plan(Shape(id="silent", title="Drip", steps=(drip, Hold()))))
    assert run.outcome is Outcome.HARNESS_ERROR
    assert run.problem.startswith("OutOfTime: ")


def threaded(request: Request) -> Response:
    return Response(request.method)


async def foreign(request: Request) -> Response:
    with socket.create_connection(("127.0.0.1", 9)):
        return Response(request.method)


def app_with(
    endpoint: Callable[[Request], object], config: ServerConfig, env: Env, connect: Connect
) -> Starlette:
    app = create_app(config, env, connect)
    app.router.routes.insert(0, Route("/probe", endpoint))
    return app


def probed(monkeypatch: pytest.MonkeyPatch, endpoint: Callable[[Request], object]) -> Run:
    monkeypatch.setattr(sim_server, "create_app", partial(app_with, endpoint))
    return run_in_sim(plan())


def test_a_threaded_endpoint_is_played_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    run = probed(monkeypatch, threaded)
    assert run.problem == ""
    assert run.exchanges[-1].status == 200


def test_a_foreign_socket_is_refused_with_who_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    run = probed(monkeypatch, foreign)
    assert run.outcome is Outcome.HARNESS_ERROR
    assert run.problem.startswith("ForeignIO: ")
    assert "which virtual time can't see; run this scenario with --mode real" in run.problem
    assert "test_sim_guarantees.py" in run.problem
    assert " in foreign asked for a socket" in run.problem or "name resolution" in run.problem


def test_a_run_that_ended_in_an_error_leaves_the_next_one_alone() -> None:
    assert run_in_sim(plan(Shape(id="silent", title="Silent", steps=(Hold(),)))).judgement is None
    act = make_plan(select(["act-1"])[0], "cloudflare-100", Options())
    assert run_in_sim(act).outcome is Outcome.PASS
