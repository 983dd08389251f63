"""What can be made from a scenario: one on another time scale. Pure."""

import msgspec

from firstbyte.harness.model.scenario import (
    Model,
    Origin,
    Pause,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
    Step,
)
from firstbyte.harness.model.shape import Chunk, Interim, Raw, Shape, Wait
from firstbyte.harness.model.shape import Step as WireStep
from firstbyte.harness.model.units import Duration, scale


def scaled_scenario(scenario: Scenario, factor: float) -> Scenario:
    """Every wait, delay and limit of script and origin divided by `factor`; expectations stay as they are."""
    if factor == 1:
        return scenario
    return msgspec.structs.replace(
        scenario,
        step=tuple(_scaled_step(step, factor) for step in scenario.step),
        origin=_scaled_origin(scenario.origin, factor),
        settle=scale(scenario.settle, factor),
    )


def _scaled_step(step: Step, factor: float) -> Step:
    match step:
        case Send():
            return msgspec.structs.replace(
                step,
                leave_after=_scaled(step.leave_after, factor),
                patience=_scaled(step.patience, factor),
                pace=scale(step.pace, factor),
            )
        case Pause():
            return msgspec.structs.replace(step, duration=scale(step.duration, factor))
        case _:
            return step


def _scaled(value: Duration | None, factor: float) -> Duration | None:
    return None if value is None else scale(value, factor)


def _scaled_origin(origin: Origin, factor: float) -> Origin:
    if isinstance(origin, ShapeOrigin):
        return origin
    model = _scaled_model(origin.model, factor)
    if isinstance(origin, ServerOrigin):
        return msgspec.structs.replace(
            origin,
            model=model,
            persist_delay=scale(origin.persist_delay, factor),
            heartbeat=scale(origin.heartbeat, factor),
        )
    return msgspec.structs.replace(
        origin,
        model=model,
        database_locked=_scaled(origin.database_locked, factor),
        slow_plugin=_scaled(origin.slow_plugin, factor),
    )


def _scaled_model(model: Model, factor: float) -> Model:
    return msgspec.structs.replace(
        model, delay=scale(model.delay, factor), token_gap=scale(model.token_gap, factor)
    )


def scaled_shape(shape: Shape, factor: float) -> Shape:
    """Every wait of a wire shape divided by `factor`."""
    if factor == 1:
        return shape
    return msgspec.structs.replace(
        shape, steps=tuple(_scaled_wire_step(step, factor) for step in shape.steps)
    )


def _scaled_wire_step(step: WireStep, factor: float) -> WireStep:
    match step:
        case Wait():
            return msgspec.structs.replace(step, duration=scale(step.duration, factor))
        case Interim() | Chunk() | Raw():
            return msgspec.structs.replace(step, every=scale(step.every, factor))
        case _:
            return step
