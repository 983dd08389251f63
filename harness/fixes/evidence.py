"""Says how a cell's result came about and how the values it rests on are known. Pure: words only."""

from collections.abc import Iterator

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.files.unknown_values import OtherValue
from firstbyte.harness.fixes.cell import Result
from firstbyte.harness.fixes.edge import GIVEN, Column, answer_timers, work_for
from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.profile import HoldHeader, Source
from firstbyte.harness.model.timeline import Actor, Kind, Timeline
from firstbyte.harness.model.units import format_duration
from firstbyte.harness.model.verdict import ClientExchange, End


def sentence(behind: Column, judged: Judgement, timeline: Timeline, baseline: ClientExchange) -> str:
    """`200, truncated after 15s; work 19.5s, unfixed 504 after 15s; route (documented 2026-11-22)`."""
    work = format_duration(work_for(behind.hops))
    given = f" (limits of {GIVEN} given, it has none by default)" if behind.given else ""
    result, unfixed = format_client_result(judged.exchange), format_client_result(baseline)
    seen = f"{result}; work {work}, unfixed {unfixed}{given}"
    known = ", ".join(dict.fromkeys(_known(behind.hops, timeline)))
    return f"emulated: {seen}" + (f"; by {known}" if known else "")


def format_client_result(exchange: ClientExchange, *, whole: bool = False) -> str:
    """What the client got: `204 at once`, `200, truncated after 60s`, `no status, closed after 60s`.

    whole: in whole seconds, for what was measured.
    """
    took = exchange.took or 0
    if whole:
        took = round(took / 1_000_000) * 1_000_000
    status = str(exchange.status) if exchange.status is not None else "no status"
    end = {End.COMPLETE: "", End.TRUNCATED: ", truncated", End.RESET: ", reset", End.OPEN: ", never ended"}
    when = "at once" if took == 0 else f"after {format_duration(took)}"
    return f"{status}{end[exchange.end]} {when}"


def unknown_sentence(other: OtherValue, assumed: Result, result: Result) -> str:
    """Which unknown key decides, and how: the result with the assumed value and with the other one."""
    return (
        f"depends on {other.changed.profile.id}'s {other.unknown.key}, which nobody could confirm: "
        f"{assumed} with {_brief(other.unknown.assume)}, {result} with {_brief(other.value)}"
    )


def _brief(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 70 else f"{text[:67]}..."


def _known(hops: tuple[LoadedProfile, ...], timeline: Timeline) -> Iterator[str]:
    """Each part of a profile that acted, with the kind and date of its evidence."""
    for number, hop in enumerate(hops):
        for key in _acted(hop, timeline, number):
            source = _source(hop, key)
            if source is not None:
                yield f"{key} ({source.kind} {source.date})"


def _acted(hop: LoadedProfile, timeline: Timeline, number: int) -> Iterator[str]:
    def seen(*kinds: Kind) -> list[dict[str, str | int | bool]]:
        events = timeline.of(Actor.EDGE, *kinds)
        return [event.data for event in events if event.data.get("hop", 0) == number]

    yield from dict.fromkeys(f"timers.{data['timer']}" for data in seen(Kind.TIMER_FIRED))
    yield from dict.fromkeys(f"answers.{data['answer']}" for data in seen(Kind.ANSWERED))
    if seen(Kind.INTERIM):
        yield "interim"
        if hop.profile.interim.most is not None:
            yield "interim.most"
    if seen(Kind.CUT):
        yield "cut"
    if hop.profile.hold_header is not HoldHeader.NO and seen(Kind.HEADER_COMPLETED):
        yield "hold_header"
    if not seen(Kind.TIMER_FIRED, Kind.ANSWERED):
        armed = {data["timer"] for data in seen(Kind.TIMER_ARMED)}
        yield from (f"timers.{one.name}" for one in answer_timers(hop.profile) if one.name in armed)


def _source(hop: LoadedProfile, key: str) -> Source | None:
    """The source that names the key most closely: it or a part of it, else what it is a part of."""
    best: tuple[int, Source] | None = None
    for source in hop.evidence.sources:
        for one in source.keys:
            if key == one or key.startswith(f"{one}.") or one.startswith(f"{key}."):
                near = abs(len(one) - len(key))
                if best is None or near < best[0]:
                    best = (near, source)
    return best[1] if best else None
