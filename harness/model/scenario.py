"""A scenario: claim + origin + edges + client script + expectation, as data.

It has one claim, one origin, one script, and an expectation for each edge that it is meant for.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from firstbyte.harness.model.units import Duration
from firstbyte.harness.model.verdict import Belief, BeliefRule, End, Verdict

DIRECT = "direct"
"""The edge name for no edge at all."""


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scripted model: the first token comes after `delay`, then one each `token_gap`.

    fails: the error text that comes instead of an answer.
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

    database_locked: how long another process holds the write lock of its database, from just before the first
    send. slow_plugin: how long a plugin takes to start, with which the product is restarted just before the
    first send. None = neither.
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
    for this request. leave_after: how long after sending the client closes. patience: the client's own limit.
    wait: False continues with the next step at once. after: 'failure' sends only if the client was not told
    that the previous send succeeded. body_size, pace: a body of that many bytes, spread over `pace`.
    connection: 'reuse' sends on the connection of the previous send if it is still open. http: '2' sends over
    HTTP/2, on a connection of its own.
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
    """The careful client asks the server for its messages, through the edge, and settles its belief."""


Step = Send | Pause | KillOrigin | RestartOrigin | Reconcile


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be seen with one edge. Absent keys are not compared.

    status, at, end, belief: of the judged request; status 0 = no final header at all. at: from sending it to
    the end of its answer, exact in sim. first_byte: the same for its first byte. fired: the timers that fire
    on the judged request, in order; () = none may fire on any request. arrivals: how many requests reach the
    origin. findings: must be among those found. set: profile keys changed for this case, such as
    'timers.server.limit' = '60s'. why: how the expectation was worked out.
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
    """One scenario. claim: a sentence with an obligation. source: where the case comes from, with a date.

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
