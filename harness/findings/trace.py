"""The events of one request, indexed, and the events of one run, as the rules of findings need them. Pure.

With them a rule is one sentence about events. What an event means is for the rules to decide.
"""

from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter

import msgspec

from firstbyte.harness.model.judge import GATEWAY_STATUSES, Judgement, is_success
from firstbyte.harness.model.ledger import Ledger
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.timeline import Actor, Event, Kind, Timeline
from firstbyte.harness.model.verdict import ClientExchange, End

_FROM_ORIGIN = (Kind.ORIGIN_READ, Kind.INTERIM, Kind.HEADER_COMPLETED, Kind.BODY)
_WORK = (Kind.PERSISTED, Kind.STARTED, Kind.FINISHED)
_UNANSWERED = (Kind.CLIENT_GONE, Kind.STARTED, Kind.FINISHED)
_FINAL = 200
_TOGETHER = 1_000
"""Microseconds. Bytes and the 1xx that is parsed from them are reported within this time."""


class Trace(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One request. Times are in microseconds of the run.

    events: the events of this request, by actor and kind, in time order. behind_edge: there is an edge.
    """

    exchange: ClientExchange
    behind_edge: bool
    events: dict[tuple[Actor, Kind], list[Event]]

    def all(self, actor: Actor, *kinds: Kind) -> Sequence[Event]:
        """Return the events of these kinds in time order."""
        if len(kinds) == 1:
            return self.events.get((actor, kinds[0]), ())
        found = [event for kind in kinds for event in self.events.get((actor, kind), ())]
        found.sort(key=attrgetter("at"))
        return found

    def first(self, actor: Actor, *kinds: Kind) -> int | None:
        """Return when the first event of these kinds happened."""
        firsts = [found[0].at for kind in kinds if (found := self.events.get((actor, kind)))]
        return min(firsts) if firsts else None

    def last(self, actor: Actor, *kinds: Kind) -> int | None:
        """Return when the last event of these kinds happened."""
        lasts = [found[-1].at for kind in kinds if (found := self.events.get((actor, kind)))]
        return max(lasts) if lasts else None

    @cached_property
    def has_edge(self) -> bool:
        """Whether an edge reported what it did."""
        return any(actor is Actor.EDGE for actor, _ in self.events)

    @cached_property
    def arrived_at(self) -> int | None:
        """When the origin received the request."""
        return self.first(Actor.ORIGIN, Kind.ARRIVED)

    @cached_property
    def fired(self) -> Event | None:
        """The deadline of the edge that ended this request or, of several attempts, the last one."""
        fired = self.all(Actor.EDGE, Kind.TIMER_FIRED)
        return fired[-1] if fired else None

    @cached_property
    def stopped_at(self) -> int | None:
        """When somebody stopped waiting for the origin: a deadline fired or an edge answered."""
        if self.fired is not None:
            return self.fired.at
        answered = self.first(Actor.EDGE, Kind.ANSWERED, Kind.CUT)
        return answered if answered is not None else self.foreign_answer_at

    @cached_property
    def foreign_answer_at(self) -> int | None:
        """When the client got a gateway's answer that the origin did not send, which proves a silent edge.

        If an origin never reports its headers, that is a proof only if an edge is known to be there.
        """
        exchange = self.exchange
        if self.has_edge or self.arrived_at is None or exchange.status not in GATEWAY_STATUSES:
            return None
        sent = self.first(Actor.ORIGIN, Kind.HEADER_SENT)
        if exchange.header_at is None or (sent is not None and sent <= exchange.header_at):
            return None
        is_proved = sent is not None or (
            self.behind_edge and self.first(Actor.ORIGIN, *_UNANSWERED) is not None
        )
        return exchange.header_at if is_proved else None

    @cached_property
    def header_from_origin_at(self) -> int | None:
        """When the origin's final header was complete at the edge, or at the client without one."""
        if self.has_edge:
            return self.edge_header_at
        if self.foreign_answer_at is not None:
            return self.first(Actor.ORIGIN, Kind.HEADER_SENT)
        return self.exchange.header_at

    @cached_property
    def edge_header_at(self) -> int | None:
        """When the first edge had a final header. A 1xx that an edge mistook for one doesn't count."""
        headers = self.all(Actor.EDGE, Kind.HEADER_COMPLETED)
        return min((event.at for event in headers if _status(event) >= _FINAL), default=None)

    @cached_property
    def partial_header_at(self) -> int | None:
        """When the first bytes of an incomplete final header came."""
        seen = [
            self.first(Actor.ORIGIN, Kind.PARTIAL_SENT),
            self._header_read_at(),
            None if self.has_edge else self.first(Actor.CLIENT, Kind.HEADER_LINE),
        ]
        return min((at for at in seen if at is not None), default=None)

    def _header_read_at(self) -> int | None:
        """Return when the edge first read something other than a 1xx."""
        interims = [
            event.at
            for event in self.all(Actor.EDGE, Kind.INTERIM, Kind.HEADER_COMPLETED)
            if _is_interim(event)
        ]
        reads = (event.at for event in self.all(Actor.EDGE, Kind.ORIGIN_READ))
        return min(
            (at for at in reads if all(abs(at - other) > _TOGETHER for other in interims)), default=None
        )

    def bytes_from_origin(self) -> list[int]:
        """Return when bytes of the origin came, as reported by whoever is nearest to it."""
        edge = self.all(Actor.EDGE, *_FROM_ORIGIN)
        if edge:
            return [event.at for event in edge]
        kinds = (Kind.PARTIAL_SENT, Kind.INTERIM, Kind.HEADER_SENT, Kind.BODY)
        reported = [event.at for event in self.all(Actor.ORIGIN, *kinds)]
        if reported or self.has_edge or self.foreign_answer_at is not None:
            return reported
        return [event.at for event in self.all(Actor.CLIENT, Kind.FIRST_BYTE, Kind.INTERIM, Kind.BODY)]

    def interims(self) -> Sequence[Event]:
        """Return the 1xx answers, as reported by whoever is nearest to the origin."""
        edge = self.all(Actor.EDGE, Kind.INTERIM)
        return edge or self.all(Actor.ORIGIN, Kind.INTERIM) or self.all(Actor.CLIENT, Kind.INTERIM)

    def bodies(self) -> list[int]:
        """Return when body bytes of the origin came."""
        edge = self.all(Actor.EDGE, Kind.BODY)
        return [event.at for event in edge or self.all(Actor.CLIENT, Kind.BODY)]

    def work_after(self, moment: int) -> bool:
        """Whether the origin did a step of its work after `moment`."""
        last = self.last(Actor.ORIGIN, *_WORK)
        return last is not None and last > moment


class Seen(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One run. traces: the requests of the judged intent, or all if nothing was judged."""

    timeline: Timeline
    traces: tuple[Trace, ...]
    ledger: Ledger
    judgement: Judgement | None
    profile: Profile | None

    @property
    def intent(self) -> str:
        """The judged intent, or '' if nothing was judged."""
        return self.judgement.exchange.intent if self.judgement else ""

    @property
    def effects(self) -> int | None:
        """The number of durable messages of the intent, or None if the origin can't tell."""
        return self.judgement.effects if self.judgement and self.ledger.complete else None

    @property
    def persisted_at(self) -> int | None:
        """When the intent first became durable, or None if the origin did not report it."""
        return min(
            (at for one in self.traces if (at := one.first(Actor.ORIGIN, Kind.PERSISTED)) is not None),
            default=None,
        )

    @property
    def acked_at(self) -> int | None:
        """When the client got its first complete success."""
        times = [one.exchange.end_at for one in self.traces if is_success(one.exchange)]
        return min((at for at in times if at is not None), default=None)

    @cached_property
    def killed_at(self) -> list[int]:
        """The times at which the origin was killed."""
        return [event.at for event in self.timeline.events if event.kind is Kind.KILLED]


def see(
    timeline: Timeline,
    exchanges: Sequence[ClientExchange],
    ledger: Ledger,
    judgement: Judgement | None,
    profile: Profile | None,
) -> Seen:
    """Index the events of one run."""
    intent = judgement.exchange.intent if judgement else ""
    by_request = _by_request_and_kind(timeline)
    return Seen(
        timeline=timeline,
        traces=tuple(
            Trace(
                exchange=one,
                behind_edge=profile is not None,
                events=by_request.get(one.id, {}),
            )
            for one in exchanges
            if judgement is None or one.intent == intent
        ),
        ledger=ledger,
        judgement=judgement,
        profile=profile,
    )


type ByKind = dict[tuple[Actor, Kind], list[Event]]


def _by_request_and_kind(timeline: Timeline) -> dict[int, ByKind]:
    found: dict[int, ByKind] = {}
    for event in timeline.events:
        found.setdefault(event.request, {}).setdefault((event.actor, event.kind), []).append(event)
    return found


def _status(event: Event) -> int:
    """Return the status in an event, or a final one if it has none."""
    status = event.data.get("status")
    return status if isinstance(status, int) else _FINAL


def _is_interim(event: Event) -> bool:
    return event.kind is Kind.INTERIM or _status(event) < _FINAL


def is_broken(exchange: ClientExchange) -> bool:
    """Whether the answer stopped before its end for another reason than the client's leaving."""
    return exchange.end in (End.TRUNCATED, End.RESET)
