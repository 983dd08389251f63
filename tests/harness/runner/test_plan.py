"""A plan looks everything up before anything is started, and names what is not there."""

import msgspec
import pytest

from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.scenario import (
    Expect,
    Operation,
    Pause,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
)
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import BadInput
from firstbyte.harness.runner.plan import Options, make_plan
from firstbyte.harness.runner.selection import select

ACT = select(["act-1"])[0]


def changed(**changes: object) -> Scenario:
    return msgspec.structs.replace(ACT, **changes)


def test_a_plan_has_the_hops_from_the_client_inwards() -> None:
    plan = make_plan(ACT, "cloudflare-100,nginx", Options())
    assert [profile.id for profile in plan.profiles] == ["cloudflare-100", "nginx"]
    assert (plan.name, plan.expect) == ("act-1[cloudflare-100,nginx]", None)


def test_direct_is_no_hop() -> None:
    assert make_plan(ACT, "direct", Options()).hops == ()


def test_the_expectation_is_the_edges_own() -> None:
    assert make_plan(ACT, "cloudflare-100", Options()).expect == ACT.edge["cloudflare-100"]


def test_keys_set_for_an_edge_change_its_profile_alone() -> None:
    expect = Expect(verdict=Verdict.DELIVERED, set={"timers.connect.limit": "1s"})
    plan = make_plan(changed(edge={"nginx,envoy": expect}), "nginx,envoy", Options())
    limits = [{timer.name: timer.limit for timer in profile.timers} for profile in plan.profiles]
    assert limits[0]["connect"] == seconds(1)
    assert limits[1] == {timer.name: timer.limit for timer in load_profile("envoy").profile.timers}


def test_a_scripted_origin_brings_its_shape() -> None:
    send = Send(operation=Operation.REQUEST)
    plan = make_plan(changed(origin=ShapeOrigin(shape="silent"), step=(send,)), "nginx", Options())
    assert plan.shape is not None
    assert plan.shape.id == "silent"


REFUSED = [
    (changed(), "ngnix", "no edge 'ngnix'; did you mean 'nginx'"),
    (changed(origin=ShapeOrigin(shape="silnt")), "nginx", "no wire shape 'silnt'; did you mean 'silent'"),
    (
        changed(origin=ServerOrigin(handler="no-contnet")),
        "nginx",
        "act-1: there is no handler 'no-contnet'; did you mean 'no-content'",
    ),
    (
        changed(step=(Send(handler="idempotant"),)),
        "nginx",
        "act-1: there is no handler 'idempotant'; did you mean 'idempotent'",
    ),
    (changed(step=(Pause(duration=seconds(1)),)), "nginx", "act-1: step: nothing with a text is sent"),
    (changed(step=(Send(text=""),)), "nginx", "act-1: step: nothing with a text is sent"),
]


@pytest.mark.parametrize(
    ("scenario", "edge", "message"),
    REFUSED,
    ids=["edge", "shape", "handler", "handler of a send", "nothing sent", "no text"],
)
def test_what_can_not_be_run_is_refused_before_anything_starts(
    scenario: Scenario, edge: str, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        make_plan(scenario, edge, Options())
