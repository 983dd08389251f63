"""What is to be run: one scenario behind one chain of edges, with all names looked up. Starts nothing."""

from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, load_profile, load_shape
from firstbyte.harness.files.setting import change
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.scenario import DIRECT, Expect, Scenario, Send, ServerOrigin, ShapeOrigin
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.targets.catalogue import find_target
from firstbyte.harness.targets.target import Target
from firstbyte.reference_server.handlers import handler_ids

Mode = Literal["sim", "real"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to run. time_scale: every limit and wait of real mode is divided by it; sim needs none.

    target: what --target names. adapter: the file that says how to speak to a target that is a URL.
    """

    mode: Mode = "sim"
    time_scale: float = 1
    seed: int = 0
    target: str = "reference"
    adapter: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run to be made. hops: the edges from the client inwards; empty = direct.

    expect: None = the scenario states nothing for this edge, or nothing of this target. target: what
    `options.target` names. refusal: why the scenario can't be played on the target; '' = it can.
    """

    scenario: Scenario
    edge: str
    hops: tuple[LoadedProfile, ...]
    expect: Expect | None
    options: Options
    target: Target
    shape: Shape | None = None
    refusal: str = ""

    @property
    def name(self) -> str:
        """`scenario[edge]`."""
        return f"{self.scenario.id}[{self.edge}]"

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The hops' profiles."""
        return tuple(hop.profile for hop in self.hops)


def make_plan(scenario: Scenario, edge: str, options: Options) -> Plan:
    """Look everything up; BadInput names what is not there."""
    _check_runnable(scenario)
    target = find_target(options.target, options.adapter)
    expect = scenario.edge.get(edge)
    hops = tuple(load_profile(name) for name in edge.split(",") if name != DIRECT)
    if expect is not None and expect.set:
        hops = (_changed(hops[0], expect), *hops[1:])
    return Plan(
        scenario=scenario,
        edge=edge,
        hops=hops,
        expect=expect if _is_stated_for(target, scenario, options) else None,
        options=options,
        target=target,
        shape=load_shape(scenario.origin.shape) if isinstance(scenario.origin, ShapeOrigin) else None,
        refusal=target.refusal(scenario),
    )


def _changed(hop: LoadedProfile, expect: Expect) -> LoadedProfile:
    try:
        return change(hop, expect.set)
    except BadInput as error:
        raise BadInput(f"set {expect.set}: {error}") from error


def _is_stated_for(target: Target, scenario: Scenario, options: Options) -> bool:
    """A product's own limits are not scaled: what is stated for one time scale is not for another."""
    time_scale = getattr(target, "time_scale", options.time_scale)
    return target.expects(scenario) and time_scale == options.time_scale


def _check_runnable(scenario: Scenario) -> None:
    if not any(isinstance(step, Send) and step.text for step in scenario.step):
        raise BadInput(
            f"{scenario.id}: step: nothing with a text is sent, so nothing can be judged; "
            "add { do = 'send' }"
        )
    for name in _handlers_of(scenario):
        if name not in _known_handlers():
            cure = did_you_mean(name, _known_handlers())
            raise BadInput(f"{scenario.id}: there is no handler '{name}'{cure}")


def _handlers_of(scenario: Scenario) -> Iterator[str]:
    if isinstance(scenario.origin, ServerOrigin):
        yield scenario.origin.handler
    yield from (step.handler for step in scenario.step if isinstance(step, Send) and step.handler)


@cache
def _known_handlers() -> frozenset[str]:
    return frozenset(handler_ids())
