"""One request and everything anyone reported of it, indexed; and one run as the findings' rules see it.

It exists so that a rule is one sentence about events. Pure. It must never decide what an event means.
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
"""Microseconds: bytes and the 1xx made of them are noted apart by less."""


class Trace(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One request. Times are microseconds of the run.

    events: those with its number, by actor and kind, in time order. behind_edge: an edge is known to be
    there.
    """

    exchange: ClientExchange
    behind_edge: bool
    events: dict[tuple[Actor, Kind], list[Event]]

    def all(self, actor: Actor, *kinds: Kind) -> Sequence[Event]:
        """The events of these kinds, in time order."""
        if len(kinds) == 1:
            return self.events.get((actor, kinds[0]), ())
        found = [event for kind in kinds for event in self.events.get((actor, kind), ())]
        found.sort(key=attrgetter("at"))
        return found

    def first(self, actor: Actor, *kinds: Kind) -> int | None:
        """When the first of them happened."""
        firsts = [found[0].at for kind in kinds if (found := self.events.get((actor, kind)))]
        return min(firsts) if firsts else None

    def last(self, actor: Actor, *kinds: Kind) -> int | None:
        """When the last of them happened."""
        lasts = [found[-1].at for kind in kinds if (found := self.events.get((actor, kind)))]
        return max(lasts) if lasts else None

    @cached_property
    def has_edge(self) -> bool:
        """Some edge told what it did."""
        return any(actor is Actor.EDGE for actor, _ in self.events)

    @cached_property
    def arrived_at(self) -> int | None:
        """When the origin had the request."""
        return self.first(Actor.ORIGIN, Kind.ARRIVED)

    @cached_property
    def fired(self) -> Event | None:
        """The edge's deadline that ended this request; of several attempts the last one."""
        fired = self.all(Actor.EDGE, Kind.TIMER_FIRED)
        return fired[-1] if fired else None

    @cached_property
    def stopped_at(self) -> int | None:
        """When somebody stopped waiting for the origin: a deadline, or an answer the origin did not give."""
        if self.fired is not None:
            return self.fired.at
        answered = self.first(Actor.EDGE, Kind.ANSWERED, Kind.CUT)
        return answered if answered is not None else self.foreign_answer_at

    @cached_property
    def foreign_answer_at(self) -> int | None:
        """When the client got a gateway's answer and the origin had sent none: proof of a silent edge.

        An origin that never tells of its headers proves nothing: then an edge must be known to be there.
        """
        one = self.exchange
        if self.has_edge or self.arrived_at is None or one.status not in GATEWAY_STATUSES:
            return None
        sent = self.first(Actor.ORIGIN, Kind.HEADER_SENT)
        if one.header_at is None or (sent is not None and sent <= one.header_at):
            return None
        is_proved = sent is not None or (
            self.behind_edge and self.first(Actor.ORIGIN, *_UNANSWERED) is not None
        )
        return one.header_at if is_proved else None

    @cached_property
    def header_from_origin_at(self) -> int | None:
        """When the origin's final header was complete on its way: seen by the edge, else by the client."""
        if self.has_edge:
            return self.edge_header_at
        if self.foreign_answer_at is not None:
            return self.first(Actor.ORIGIN, Kind.HEADER_SENT)
        return self.exchange.header_at

    @cached_property
    def edge_header_at(self) -> int | None:
        """When the first edge had a final header. What it took for one by mistake, a 1xx, is none."""
        headers = self.all(Actor.EDGE, Kind.HEADER_COMPLETED)
        return min((event.at for event in headers if _status(event) >= _FINAL), default=None)

    @cached_property
    def partial_header_at(self) -> int | None:
        """When the first bytes of the final header came without its end."""
        seen = [
            self.first(Actor.ORIGIN, Kind.PARTIAL_SENT),
            self._header_read_at(),
            None if self.has_edge else self.first(Actor.CLIENT, Kind.HEADER_LINE),
        ]
        return min((at for at in seen if at is not None), default=None)

    def _header_read_at(self) -> int | None:
        """The first read of the edge that was not a 1xx."""
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
        """When the origin was heard of, as far as anyone tells."""
        edge = self.all(Actor.EDGE, *_FROM_ORIGIN)
        if edge:
            return [event.at for event in edge]
        kinds = (Kind.PARTIAL_SENT, Kind.INTERIM, Kind.HEADER_SENT, Kind.BODY)
        told = [event.at for event in self.all(Actor.ORIGIN, *kinds)]
        if told or self.has_edge or self.foreign_answer_at is not None:
            return told
        return [event.at for event in self.all(Actor.CLIENT, Kind.FIRST_BYTE, Kind.INTERIM, Kind.BODY)]

    def interims(self) -> Sequence[Event]:
        """The 1xx answers, from whoever saw them nearest to the origin."""
        edge = self.all(Actor.EDGE, Kind.INTERIM)
        return edge or self.all(Actor.ORIGIN, Kind.INTERIM) or self.all(Actor.CLIENT, Kind.INTERIM)

    def bodies(self) -> list[int]:
        """When body bytes of the origin came by."""
        edge = self.all(Actor.EDGE, Kind.BODY)
        return [event.at for event in edge or self.all(Actor.CLIENT, Kind.BODY)]

    def work_after(self, moment: int) -> bool:
        """The origin took a step of the work later than `moment`."""
        last = self.last(Actor.ORIGIN, *_WORK)
        return last is not None and last > moment


class Seen(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One run. traces: the requests of the judged intent, or all of them when nothing was judged."""

    timeline: Timeline
    traces: tuple[Trace, ...]
    ledger: Ledger
    judgement: Judgement | None
    profile: Profile | None

    @property
    def intent(self) -> str:
        """The judged intent; '' when nothing was judged."""
        return self.judgement.exchange.intent if self.judgement else ""

    @property
    def effects(self) -> int | None:
        """Durable messages of the intent; None when the origin can't tell."""
        return self.judgement.effects if self.judgement and self.ledger.complete else None

    @property
    def persisted_at(self) -> int | None:
        """When the intent first became durable, if the origin told."""
        return min(
            (at for one in self.traces if (at := one.first(Actor.ORIGIN, Kind.PERSISTED)) is not None),
            default=None,
        )

    @property
    def acked_at(self) -> int | None:
        """When the client had its first complete success."""
        times = [one.exchange.end_at for one in self.traces if is_success(one.exchange)]
        return min((at for at in times if at is not None), default=None)

    @cached_property
    def killed_at(self) -> list[int]:
        """When the origin was killed."""
        return [event.at for event in self.timeline.events if event.kind is Kind.KILLED]


def see(
    timeline: Timeline,
    exchanges: Sequence[ClientExchange],
    ledger: Ledger,
    judgement: Judgement | None,
    profile: Profile | None,
) -> Seen:
    """Index one run."""
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
    """The status an event tells; a final one when it tells none."""
    status = event.data.get("status")
    return status if isinstance(status, int) else _FINAL


def _is_interim(event: Event) -> bool:
    return event.kind is Kind.INTERIM or _status(event) < _FINAL


def is_broken(exchange: ClientExchange) -> bool:
    """The answer stopped before its end, and not because the client left."""
    return exchange.end in (End.TRUNCATED, End.RESET)
