"""A scenario: claim + origin + edges + client script + expectation, as data.

One claim, one origin, one script; an expectation for each edge it is meant for. It must never hold what was
observed.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from firstbyte.harness.model.units import Duration
from firstbyte.harness.model.verdict import Belief, BeliefRule, End, Verdict

DIRECT = "direct"
"""The edge name for no edge at all."""


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scripted model: first token after `delay`, then a token each `token_gap`. fails: error text
    instead of an answer.
    """

    delay: Duration = Duration(1_000_000)
    token_gap: Duration = Duration(0)
    text: str = "Hello from the scripted model."
    fails: str = ""


class ServerOrigin(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="server"
):
    """The reference server. handler: the one for prompt_async. on_client_gone: continue | stop."""

    handler: str = "no-content"
    api: Literal["1.2", "1.18"] = "1.2"
    model: Model = Model()
    persist_delay: Duration = Duration(1_900_000)
    heartbeat: Duration = Duration(10_000_000)
    on_client_gone: Literal["continue", "stop"] = "continue"


class ShapeOrigin(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="shape"
):
    """A scripted origin that plays a wire shape: the id of a file in scenarios/shapes."""

    shape: str


class ProductOrigin(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="product"
):
    """A real product, for targets that are one. Its shell commands take as long as its model.

    database_locked: another process holds the write lock of its database, from just before the first send
    and for so long. slow_plugin: it is restarted just before the first send, with a plugin that takes so
    long to start. None = neither.
    """

    model: Model = Model()
    database_locked: Duration | None = None
    slow_plugin: Duration | None = None


Origin = ServerOrigin | ShapeOrigin | ProductOrigin


class Operation(StrEnum):
    """What a send calls. `request` is a bare HTTP request to a wire shape."""

    PROMPT_ASYNC = "prompt_async"
    MESSAGE = "message"
    COMMAND = "command"
    SHELL = "shell"
    SUMMARIZE = "summarize"
    INIT = "init"
    REQUEST = "request"


class Send(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="send"):
    """Send one user intent. text is the intent: the same text is the same intent.

    ids: 'new' makes message and part ids of its own, 'same' repeats those of the previous send,
    'same-message' repeats the message id with no part ids, 'none' sends none. handler: X-Firstbyte-Handler
    for this request. leave_after: the client closes so long after sending. patience: the client's own limit.
    wait: False goes on with the next step at once. after: 'failure' sends only when the client was not told
    that the send before it has succeeded. body_size and pace: a body of that many bytes, spread
    over `pace`. connection: 'reuse' sends on the connection of the previous send when it is still open. http:
    '2' sends over HTTP/2, on a connection of its own.
    """

    operation: Operation = Operation.PROMPT_ASYNC
    text: str = "hello"
    ids: Literal["new", "same", "same-message", "none"] = "new"
    handler: str = ""
    leave_after: Duration | None = None
    patience: Duration | None = None
    wait: bool = True
    after: Literal["any", "failure"] = "any"
    method: str = "POST"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body_size: int | None = None
    pace: Duration = Duration(0)
    connection: Literal["new", "reuse"] = "new"
    http: Literal["1.1", "2"] = "1.1"


class Pause(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="wait"
):
    """Let time pass."""

    duration: Duration = msgspec.field(name="for")


class KillOrigin(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="kill-origin"
):
    """kill -9 the origin."""


class RestartOrigin(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag="restart-origin",
):
    """Start it again on the same data and the same port."""


class Reconcile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="reconcile"
):
    """The careful client asks the server what it has (GET messages through the edge) and settles its
    belief.
    """


Step = Send | Pause | KillOrigin | RestartOrigin | Reconcile


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be seen with one edge. Absent keys are not compared.

    status, at, end, belief: of the judged request; status 0 = no final header at all. at: from sending it to
    the end of its answer, exact in sim. first_byte: the same for its first byte. fired: timers that fire on
    the judged
    request, in order; () = none may fire on any request. arrivals: requests that reached the origin.
    findings: must be among those found. set: profile keys changed for this case, 'timers.server.limit' =
    '60s'. why: how the expectation was worked out.
    """

    verdict: Verdict
    status: int | None = None
    at: Duration | None = None
    end: End | None = None
    first_byte: Duration | None = None
    belief: Belief | None = None
    effects: int | None = None
    model_calls: int | None = None
    arrivals: int | None = None
    fired: tuple[str, ...] | None = None
    handler: str | None = None
    findings: tuple[str, ...] = ()
    set: dict[str, str | int | float | bool | list[str]] = {}
    why: str = ""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario. claim: a sentence with an obligation. source: where the case comes from, with its date.

    settle: how long the origin may take to become idle after the last step. modes: where it can run.
    """

    id: str
    claim: str
    source: str
    step: tuple[Step, ...]
    edge: dict[str, Expect]
    origin: Origin = ServerOrigin()
    belief: BeliefRule = BeliefRule.STATUS
    settle: Duration = Duration(600_000_000)
    modes: tuple[Literal["sim", "real"], ...] = ("sim", "real")
    title: str = ""
    note: str = ""


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario file."""

    suite: str
    about: str
    scenario: tuple[Scenario, ...]
