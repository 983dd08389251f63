"""A round that is being played: the edges and ledgers that its test has made, and its fault.

The fixtures register here what they make.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from threading import Event as Pause
from typing import Protocol

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.timeline import Event
from firstbyte.harness.plugin.edge_process import EdgePool
from firstbyte.harness.plugin.round_verdict import EdgeSaw, Observed
from firstbyte.harness.plugin.rounds import Target
from firstbyte.harness.plugin.truth import LOOK_SECONDS, OriginLedger
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.rules.orders import Next, Seen


class Front(Protocol):
    """An edge, as a process or in a simulation."""

    profile: str

    def order_next(self, order: Next) -> None: ...

    def seen(self) -> list[Seen]: ...

    @property
    def timeline(self) -> tuple[Event, ...]: ...


class Round:
    """One round. target: None in the round without a fault. after: bytes of the body before a cut.

    profile: the edge that the test's id names.
    """

    profile = ""

    def __init__(self, pool: EdgePool, target: Target | None = None, after: int = 0) -> None:
        self.pool = pool
        self.target = target
        self._after = after
        self._fronts: list[Front] = []
        self._ledgers: list[tuple[OriginLedger, Counter[str]]] = []

    def __repr__(self) -> str:
        return f"<Round {self.target or 'without a fault'}, {len(self._fronts)} edges>"

    def joined(self, front: Front) -> None:
        """Register an edge of the test, and order the fault if it is meant for this edge."""
        self._fronts.append(front)
        target = self.target
        if target is not None and target.edge == len(self._fronts):
            front.order_next(Next(action=target.fault, skip=target.request - 1, after=self._after))

    def watching(self, make: Callable[..., OriginLedger]) -> Callable[..., OriginLedger]:
        """The `ledger` fixture's function, wrapped so that its ledgers are the truth of this round."""

        def made(*words: object, **named: object) -> OriginLedger:
            found = make(*words, **named)
            self.watch(found)
            return found

        return made

    def watch(self, ledger: OriginLedger) -> None:
        """Register a ledger. Effects that it has already are not of this round."""
        self._ledgers.append((ledger, ledger.effects_by_intent()))

    def observed(self, expected: int = 0, within: float = 0.0) -> Observed:
        """What the edges saw and the server has. Waits up to `within` seconds for `expected` effects."""
        edges = tuple(
            EdgeSaw(profile=one.profile, requests=tuple(one.seen()), timeline=one.timeline)
            for one in self._fronts
        )
        end = monotonic_ns() + within * 1e9
        while (
            (effects := self._effects()) is not None
            and sum(effects.values()) < expected
            and monotonic_ns() < end
        ):
            Pause().wait(LOOK_SECONDS)
        return Observed(edges=edges, effects=effects)

    def _effects(self) -> dict[str, int] | None:
        if not self._ledgers:
            return None
        found: Counter[str] = Counter()
        for ledger, before in self._ledgers:
            found += ledger.effects_by_intent() - before
        return dict(found)


def ledger_of(value: object, name: str) -> OriginLedger:
    """The ledger of a fixture named as truth: a `ledger`, its probe, or the intents themselves."""
    if isinstance(value, OriginLedger):
        return value
    if callable(value):
        return OriginLedger(value)
    if isinstance(value, list | tuple | set | frozenset):
        kept: Iterable[str] = value
        return OriginLedger(lambda: kept)
    raise BadInput(
        f"truth={name!r}: the fixture gives {type(value).__name__}; give a `ledger`, a function that returns "
        "the intents of all that is durable, or a list of them"
    )
