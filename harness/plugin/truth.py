"""The `ledger` and `assert_delivered_once` fixtures: what the client was told, and what the server has.

The user says where to look: with a function that reads the database, or a URL and a path into its JSON. It
must never take the client's word for what the server has.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from threading import Event
from typing import Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.judge import judge
from firstbyte.harness.model.ledger import Ledger as Account
from firstbyte.harness.model.ledger import Message
from firstbyte.harness.model.verdict import MEANING, BeliefRule, ClientExchange, End, Verdict
from firstbyte.harness.problems import BadInput, SetupFailed

SECONDS = 10.0
__tracebackhide__ = True  # as in edge.py
LOOK_SECONDS = 0.01
LONGEST_LOOK_SECONDS = 0.2
WITHIN_SECONDS = 10.0
"""How long `assert_delivered_once` waits for a first effect, where the test does not say."""
QUIET_SECONDS = 1.0
"""How long what is there must not change before it is believed."""

type Probe = Callable[[], Iterable[str]]


def _pause(seconds: float) -> None:
    Event().wait(seconds)


class OriginLedger:
    """What the server has. probe: returns the intents of everything durable, one for each effect."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def __repr__(self) -> str:
        return f"<OriginLedger {self._probe!r}>"

    def effects(self, intent: str) -> int:
        """How often an intent has been done."""
        return list(self._probe()).count(intent)

    def effects_by_intent(self) -> Counter[str]:
        """How often each intent has been done."""
        return Counter(map(str, self._probe()))

    def account(self) -> Account:
        """The ledger as the judge takes it."""
        found = [Message(id=str(number), intent=intent) for number, intent in enumerate(self._probe())]
        return Account(messages=tuple(found))


def ledger(probe: Probe | str, path: str = "[*]") -> OriginLedger:
    """probe: a function that returns the intents, or a URL whose JSON holds them at `path`."""
    if callable(probe):
        return OriginLedger(probe)
    from firstbyte.harness.files.json_path import BadPath, steps_of  # noqa: PLC0415 - only for a URL

    try:
        steps_of(path)
    except BadPath as error:
        raise BadInput(f"ledger: {error}") from error
    return OriginLedger(lambda: _fetched_intents(probe, path))


def _fetched_intents(url: str, path: str) -> list[str]:
    import httpx  # noqa: PLC0415 - only for a URL

    from firstbyte.harness.files.json_path import texts  # noqa: PLC0415

    try:
        reply = httpx.get(url, timeout=SECONDS, trust_env=False)
        reply.raise_for_status()
        return texts(msgspec.json.decode(reply.content), path)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        # No cause: pytest would show the arguments of its frames, and with them the address.
        raise SetupFailed(f"ledger: {url} can't be asked for the truth: {error}") from None


def assert_delivered_once(
    intent: str,
    told: Any,
    truth: OriginLedger | Probe,
    *,
    belief: str = "status",
    within: float = WITHIN_SECONDS,
) -> None:
    """Fail unless the client was told ok and the server has it once.

    told: the response (anything with `status_code` or `status`, or an int), or the exception the client got.
    truth: a `ledger`, or its probe. belief: 'status' or 'careful', what the client makes of an error. within:
    seconds in which a first effect may still come, for a server that stores after the edge has given up or
    after it has answered; what is there must not change for one second. 0 = the server is at rest.
    """
    account = settled(truth if isinstance(truth, OriginLedger) else OriginLedger(truth), intent, within)
    exchange = _exchange(intent, told)
    found = judge([exchange], account, BeliefRule(belief))
    if found.verdict is not Verdict.DELIVERED:
        result = exchange.status if exchange.status is not None else redact.text(repr(told))
        times = "once" if found.effects == 1 else f"{found.effects} times"
        raise AssertionError(
            f"{found.verdict}: {MEANING[found.verdict]}; the client was told {found.belief} ({result}), "
            f"the server has '{intent}' {times}; see `firstbyte explain` for causes and cures"
        )


def settled(
    truth: OriginLedger,
    intent: str,
    within: float,
    now: Callable[[], int] = monotonic_ns,
    pause: Callable[[float], object] = _pause,
) -> Account:
    """The ledger once it is stable: nothing of the intent for `within` seconds, or no change for one."""
    start = changed = now()
    effects, look = 0, LOOK_SECONDS
    while True:
        account = truth.account()
        found = account.effects(intent)
        if found != effects:
            effects, changed = found, now()
        most = min(within, QUIET_SECONDS) if effects else within
        if now() - (changed if effects else start) >= most * 1e9:
            return account
        pause(look)
        look = min(2 * look, LONGEST_LOOK_SECONDS)


def _exchange(intent: str, told: Any) -> ClientExchange:
    if isinstance(told, BaseException):
        return ClientExchange(id=1, method="", path="", intent=intent, status=None, end=End.RESET)
    status = told if isinstance(told, int) else getattr(told, "status_code", getattr(told, "status", None))
    if not isinstance(status, int):
        raise BadInput(f"assert_delivered_once: {told!r} is no response, status or exception")
    return ClientExchange(id=1, method="", path="", intent=intent, status=status, end=End.COMPLETE)
