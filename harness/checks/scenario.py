"""Finds what is wrong with a scenario file before anything runs: unknown names, impossible expectations ...

Without it, only the reader of a failure would find out that a scenario can't be true or can't be shown. Pure.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from firstbyte.harness.checks.expectation import expectation_complaints
from firstbyte.harness.model.profile import Profile, Timer
from firstbyte.harness.model.profile_ops import header_timers
from firstbyte.harness.model.scenario import (
    DIRECT,
    Expect,
    KillOrigin,
    Operation,
    ProductOrigin,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
    Suite,
)
from firstbyte.harness.model.shape import (
    Close,
    Head,
    Hold,
    Interim,
    PartialHead,
    Raw,
    Reset,
    Shape,
    Wait,
    WaitRequest,
)
from firstbyte.harness.model.units import BadDuration, Duration, format_duration, parse_duration
from firstbyte.harness.problems import did_you_mean

HANDLERS = frozenset(
    {
        "accepted-202",
        "ack-before-persist",
        "await-result",
        "content-on-204",
        "header-then-silence",
        "idempotent",
        "interim-102",
        "no-content",
        "no-content-blocking",
        "sse-heartbeat",
        "stream-closed-at-once",
        "stream-partial-header",
        "stream-withheld",
        "whitespace-heartbeat",
    }
)
"""The ids in reference_server/handlers. This module loads no server and repeats them; a test compares."""

SILENT_HANDLERS = frozenset({"await-result", "no-content-blocking", "stream-withheld"})
SILENT_OPERATIONS = frozenset({Operation.COMMAND, Operation.SHELL})
EARLY_ENOUGH = 0.5
LATE_ENOUGH = 1.3
"""In real mode an answer must come before half a limit, or after 1.3 times it, when the edge has answered."""
_OBLIGATION = re.compile(r"\b(must|should|may)\b")
_DATE = re.compile(r"\b20\d\d\b")


def scenario_complaints(
    suite: Suite,
    profiles: Mapping[str, Profile],
    shapes: Mapping[str, Shape],
    handlers: Collection[str] = HANDLERS,
) -> Iterator[str]:
    """Every complaint about one file, a line each: file, scenario, what is wrong, what to do."""
    ids = [scenario.id for scenario in suite.scenario]
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        yield f"{suite.suite}.toml: {id_}: two scenarios have this id; rename one"
    for scenario in suite.scenario:
        for complaint in _scenario(scenario, profiles, shapes, handlers):
            yield f"{suite.suite}.toml: {scenario.id}: {complaint}"


def _scenario(
    scenario: Scenario,
    profiles: Mapping[str, Profile],
    shapes: Mapping[str, Shape],
    handlers: Collection[str],
) -> Iterator[str]:
    yield from _words(scenario)
    yield from _script(scenario)
    yield from _names(scenario, shapes, handlers)
    for edge, expect in scenario.edge.items():
        for complaint in _edge(scenario, edge, expect, profiles, shapes):
            yield f"edge.{edge}{complaint}"


def _words(scenario: Scenario) -> Iterator[str]:
    if not _OBLIGATION.search(scenario.claim):
        yield "claim: states no obligation; say what must, should or may be"
    if not scenario.source.strip():
        yield "source: is empty; name the page, the issue or the measurement it comes from"
    elif not _DATE.search(scenario.source):
        yield "source: has no date; add when it was written or measured, such as '(2026-03)'"
    if not scenario.edge:
        yield "edge: is empty; state what is expected behind at least one edge, or behind 'direct'"
    if not scenario.modes:
        yield "modes: is empty; write 'sim', 'real' or both"


def _script(scenario: Scenario) -> Iterator[str]:
    sends = [step for step in scenario.step if isinstance(step, Send)]
    if not sends:
        yield "step: nothing is sent, so nothing can be judged; add { do = 'send' }"
    for one in sends:
        if one.http == "2" and (one.pace or one.connection == "reuse"):
            yield "step: http = '2' sends at once on a connection of its own; leave pace and connection out"
    if sends and sends[0].after == "failure":
        yield "step: the first send has after = 'failure', but there is none before it; leave it out"
    if any(not one.wait and two.after == "failure" for one, two in pairwise(sends)):
        yield "step: after = 'failure' must know how the send before it ends; leave its wait = false out"
    if sends and sends[0].ids in {"same", "same-message"}:
        yield f"step: the first send has ids = '{sends[0].ids}', but there is none before it; write 'new'"
    if isinstance(scenario.origin, ShapeOrigin) and any(
        one.operation is not Operation.REQUEST for one in sends
    ):
        yield "step: a wire shape knows no sessions; write operation = 'request'"


def _names(scenario: Scenario, shapes: Mapping[str, Shape], handlers: Collection[str]) -> Iterator[str]:
    origin = scenario.origin
    if isinstance(origin, ShapeOrigin) and origin.shape not in shapes:
        yield f"origin.shape: there is no shape '{origin.shape}'{did_you_mean(origin.shape, shapes)}"
    named = [("origin.handler", origin.handler)] if isinstance(origin, ServerOrigin) else []
    named += [
        ("step.handler", step.handler) for step in scenario.step if isinstance(step, Send) and step.handler
    ]
    named += [(f"edge.{edge}.handler", one.handler) for edge, one in scenario.edge.items() if one.handler]
    for key, handler in named:
        if handler not in handlers:
            yield f"{key}: there is no handler '{handler}'{did_you_mean(handler, handlers)}"


def _edge(
    scenario: Scenario,
    edge: str,
    expect: Expect,
    profiles: Mapping[str, Profile],
    shapes: Mapping[str, Shape],
) -> Iterator[str]:
    yield from expectation_complaints(scenario, expect)
    names = [name for name in edge.split(",") if name != DIRECT]
    unknown = [name for name in names if name not in profiles]
    for name in unknown:
        yield f": there is no edge '{name}'{did_you_mean(name, [*profiles, DIRECT])}"
    if unknown:
        return
    if not names and any(isinstance(one, Send) and one.http == "2" for one in scenario.step):
        yield ": http = '2' is for edges; the origins speak HTTP/1.1"
    hops = [profiles[name] for name in names]
    yield from _set_keys(expect, hops)
    timers = {timer.name: timer for hop in hops for timer in hop.timers}
    for name in expect.fired or ():
        if name not in timers:
            yield f".fired: {edge} has no timer '{name}'{did_you_mean(name, timers)}"
    yield from _answers(scenario, expect, hops, timers, shapes)
    yield from _margins(scenario, expect, hops, shapes)


def _set_keys(expect: Expect, hops: list[Profile]) -> Iterator[str]:
    if expect.set and not hops:
        yield ".set: changes a profile, but there is no edge; remove it"
    for key in expect.set if hops else ():
        head, _, rest = key.partition(".")
        known = set(Profile.__struct_fields__)
        if head not in known:
            yield f".set: a profile has no key '{head}'{did_you_mean(head, known)}"
        names = [timer.name for timer in hops[0].timers]
        name = rest.partition(".")[0]
        if head == "timers" and name not in names:
            yield f".set: {hops[0].id} has no timer '{name}'{did_you_mean(name, names)}"


def _answers(
    scenario: Scenario,
    expect: Expect,
    hops: list[Profile],
    timers: Mapping[str, Timer],
    shapes: Mapping[str, Shape],
) -> Iterator[str]:
    statuses = {answer.status for hop in hops for answer in hop.answers.values() if answer.status}
    if expect.status not in statuses:
        return
    if not expect.fired and not _has_another_cause(scenario, expect, shapes):
        yield (
            f".status: {expect.status} is the edge's own answer, but no timer is to fire and the origin "
            "neither closes nor breaks; write which timer fires"
        )
    statuses_of_fired = [_statuses_of(timers[name], hops) for name in expect.fired or () if name in timers]
    possible = set().union(*statuses_of_fired)
    if statuses_of_fired and expect.status not in possible:
        fired = ", ".join(expect.fired or ())
        yield f".status: {expect.status} is not what '{fired}' answers; it gives {_listed(possible)}"


def _statuses_of(timer: Timer, hops: Iterable[Profile]) -> set[int]:
    """The statuses with which this timer can be answered."""
    keys = [(hop, key) for hop in hops for key in (timer.answer, hop.interim.after) if key in hop.answers]
    return {hop.answers[key].status for hop, key in keys}


def _listed(statuses: Collection[int]) -> str:
    return " or ".join(str(one) for one in sorted(statuses)) or "nothing"


def _has_another_cause(scenario: Scenario, expect: Expect, shapes: Mapping[str, Shape]) -> bool:
    """The origin dies, breaks off, sends what an edge may refuse, or says this status itself."""
    if any(isinstance(step, KillOrigin) for step in scenario.step):
        return True
    origin = scenario.origin
    if isinstance(origin, ServerOrigin):
        return origin.handler == "content-on-204" or any(
            isinstance(step, Send) and step.connection == "reuse" for step in scenario.step
        )
    if isinstance(origin, ProductOrigin):
        return False
    shape = shapes.get(origin.shape)
    steps = shape.steps if shape else ()
    says = {step.status for step in steps if isinstance(step, Head | PartialHead)}
    breaks = any(isinstance(step, Close | Reset | Raw | Interim) for step in steps)
    return breaks or 204 in says or expect.status in says


def _margins(
    scenario: Scenario, expect: Expect, hops: list[Profile], shapes: Mapping[str, Shape]
) -> Iterator[str]:
    silence = _silence(scenario, shapes)
    limits = [
        (limit, timer.name)
        for hop in hops
        for timer in header_timers(hop)
        if (limit := _limit(timer, expect))
    ]
    if "real" not in scenario.modes or silence is None or not limits:
        return
    # Once the shortest limit has fired, nothing races with the longer ones.
    limit, name = min(limits)
    if EARLY_ENOUGH * limit < silence < LATE_ENOUGH * limit:
        times = f"{format_duration(silence)}, too near to '{name}' ({format_duration(limit)})"
        advice = "keep to half or twice the limit, or write modes = ['sim']"
        yield f": the first byte comes at {times} for real mode; {advice}"


def _limit(timer: Timer, expect: Expect) -> int | None:
    changed = expect.set.get(f"timers.{timer.name}.limit")
    if not isinstance(changed, str):
        return timer.limit
    try:
        return parse_duration(changed)
    except BadDuration:
        return None


def _silence(scenario: Scenario, shapes: Mapping[str, Shape]) -> Duration | None:
    """How long the origin is silent; known only for one plain send to a handler or shape that is silent."""
    if len(scenario.step) != 1 or not isinstance(scenario.step[0], Send):
        return None
    send = scenario.step[0]
    if send.leave_after is not None or send.patience is not None or send.pace:
        return None
    origin = scenario.origin
    if isinstance(origin, ServerOrigin):
        is_silent = send.operation in SILENT_OPERATIONS or (send.handler or origin.handler) in SILENT_HANDLERS
        return origin.model.delay if is_silent else None
    if isinstance(origin, ProductOrigin):
        return None
    shape = shapes.get(origin.shape)
    return _silence_of(shape) if shape else None


def _silence_of(shape: Shape) -> Duration | None:
    waited = 0
    for step in shape.steps:
        match step:
            case Wait():
                waited += step.duration
            case WaitRequest():
                pass
            case Hold():
                return None
            case _:
                return Duration(waited)
    return None
