"""A time scale divides every wait of script, origin and wire shape, and no expectation."""

import msgspec

from firstbyte.harness.model.scenario import (
    Expect,
    KillOrigin,
    Model,
    Pause,
    Reconcile,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
)
from firstbyte.harness.model.scenario_ops import scaled_scenario, scaled_shape
from firstbyte.harness.model.shape import Chunk, Close, Head, Interim, Raw, Shape, Wait
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import Verdict

SCENARIO = Scenario(
    id="slow",
    claim="A client must be told the truth.",
    source="2026-11-22",
    step=(
        Send(leave_after=seconds(10), patience=seconds(20), pace=seconds(30)),
        Pause(duration=seconds(40)),
        Send(),
        KillOrigin(),
        Reconcile(),
    ),
    edge={"nginx": Expect(verdict=Verdict.DELIVERED, at=seconds(60))},
    origin=ServerOrigin(
        model=Model(delay=seconds(50), token_gap=seconds(5)), persist_delay=seconds(2), heartbeat=seconds(10)
    ),
    settle=seconds(100),
)
SHAPE = Shape(
    id="drip",
    title="Drip",
    steps=(
        Wait(duration=seconds(10)),
        Interim(status=102, times=2, every=seconds(20)),
        Head(status=200),
        Chunk(text="x", times=2, every=seconds(30)),
        Raw(text="x", times=2, every=seconds(40)),
        Close(),
    ),
)


def test_every_wait_of_a_scenario_is_divided() -> None:
    fast = scaled_scenario(SCENARIO, 10)
    assert fast.step == (
        Send(leave_after=seconds(1), patience=seconds(2), pace=seconds(3)),
        Pause(duration=seconds(4)),
        Send(),
        KillOrigin(),
        Reconcile(),
    )
    assert fast.origin == ServerOrigin(
        model=Model(delay=seconds(5), token_gap=seconds(0.5)),
        persist_delay=seconds(0.2),
        heartbeat=seconds(1),
    )
    assert fast.settle == seconds(10)


def test_expectations_stay_as_they_are() -> None:
    assert scaled_scenario(SCENARIO, 10).edge == SCENARIO.edge


def test_a_scripted_origin_has_its_times_in_the_shape() -> None:
    scripted = msgspec.structs.replace(SCENARIO, origin=ShapeOrigin(shape="drip"))
    assert scaled_scenario(scripted, 10).origin == ShapeOrigin(shape="drip")


def test_every_wait_of_a_shape_is_divided() -> None:
    assert scaled_shape(SHAPE, 10).steps == (
        Wait(duration=seconds(1)),
        Interim(status=102, times=2, every=seconds(2)),
        Head(status=200),
        Chunk(text="x", times=2, every=seconds(3)),
        Raw(text="x", times=2, every=seconds(4)),
        Close(),
    )


def test_a_scale_of_one_changes_nothing() -> None:
    assert scaled_scenario(SCENARIO, 1) is SCENARIO
    assert scaled_shape(SHAPE, 1) is SHAPE
