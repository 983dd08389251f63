"""What the parts of an exchange decide and the exchange carries out. Data, so that tests can compare it."""

from typing import NamedTuple

from mitmproxy.proxy.layer import CommandGenerator

from firstbyte.harness.model.profile import Cause, CloseKind, ResendCause
from firstbyte.proxies.rules.answer import Rendered


class Failure(NamedTuple):
    """This attempt brings no answer.

    The request is sent again for the first of `causes` that the profile has a rule for; else the edge gives
    its answer of this key. leave: what the origin sees. after_upload: the answer waits for the end of the
    request.
    """

    causes: tuple[ResendCause, ...]
    answer: str
    leave: CloseKind = CloseKind.NOTHING
    after_upload: bool = False


class SendAgain(NamedTuple):
    """The request is sent again. cause: for the timeline. delay: microseconds before it."""

    cause: str
    delay: int = 0
    leave: CloseKind = CloseKind.NOTHING


class Expire(NamedTuple):
    """Somebody ordered that the timer that would fire first fires now."""


class Upgrade(NamedTuple):
    """A 101 has gone to the client: from here on the exchange is a tunnel."""


class Answer(NamedTuple):
    """The end: the edge's answer of this key. status: instead of the answer's own."""

    key: str
    status: int | None = None
    leave: CloseKind = CloseKind.FIN


class AddonAnswer(NamedTuple):
    """The end: an addon's answer."""

    rendered: Rendered


class Complete(NamedTuple):
    """The end: the origin's answer has come whole."""


class Cut(NamedTuple):
    """The end: the origin's answer breaks after its header."""

    cause: Cause


class Drop(NamedTuple):
    """The end, without an answer: the connection is closed, or the HTTP/2 stream reset with this code."""

    h2_error: str = ""


class Silence(NamedTuple):
    """The end of the exchange for the edge alone; the client hears nothing of it."""

    leave: CloseKind


type Ending = Answer | AddonAnswer | Complete | Cut | Drop | Silence
type Decision = Failure | SendAgain | Expire | Upgrade | Ending
#: Commands, then what else has to be done; None: the exchange goes on as it is.
type Deciding = CommandGenerator[Decision | None]
