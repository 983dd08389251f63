"""The fixes that people try, as data: what the origin then does, and which wire shape is like it."""

import msgspec

from firstbyte.harness.model.scenario import (
    Model,
    Operation,
    Origin,
    Scenario,
    Send,
    ServerOrigin,
    ShapeOrigin,
)
from firstbyte.harness.model.units import Duration, seconds

LONGEST = seconds(48 * 3600)
#: A client gives up after this many times the work: some edges never end an answer.
PATIENCE = 3


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One fix. handler: of the reference server. interim: instead, a scripted origin repeats this 1xx.

    head: the column's head in the table.
    """

    id: str
    title: str
    head: str
    handler: str = ""
    interim: int = 0


BASELINE = Fix(id="baseline", title="nothing until the work is done", head="none", handler="await-result")

FIXES = (
    Fix(
        id="atomic-204",
        title="a complete 204 as soon as the message is durable, the work afterwards",
        head="204",
        handler="no-content",
    ),
    Fix(
        id="accepted-202",
        title="a complete 202 with an address to ask, the work afterwards",
        head="202",
        handler="accepted-202",
    ),
    Fix(
        id="early-header",
        title="the complete 200 header at once, the body when the work is done",
        head="early",
        handler="header-then-silence",
    ),
    Fix(
        id="whitespace-heartbeat",
        title="the 200 at once, a space now and then, at last the JSON",
        head="space",
        handler="whitespace-heartbeat",
    ),
    Fix(
        id="sse-comment",
        title="an event stream at once, a comment now and then, the result as its last event",
        head="sse",
        handler="sse-heartbeat",
    ),
    Fix(
        id="interim-102",
        title="102 Processing now and then, then the answer",
        head="102",
        handler="interim-102",
    ),
    Fix(
        id="interim-103",
        title="103 Early Hints now and then, then the answer",
        head="103",
        interim=103,
    ),
)


def fix_ids() -> tuple[str, ...]:
    """All ids, in the order of the table."""
    return tuple(fix.id for fix in FIXES)


def scenario_of(fix: Fix, work: Duration, heartbeat: Duration) -> Scenario:
    """One POST whose work takes so long, with a sign of life that often."""
    origin: Origin = (
        ShapeOrigin(shape=fix.id)
        if fix.interim
        else ServerOrigin(handler=fix.handler, model=Model(delay=work), heartbeat=heartbeat)
    )
    operation = Operation.REQUEST if fix.interim else Operation.PROMPT_ASYNC
    send = Send(operation=operation, patience=Duration(PATIENCE * work))
    return Scenario(
        id=fix.id,
        claim="A client must be told what happened.",
        source="firstbyte fixes",
        origin=origin,
        step=(send,),
        edge={},
        settle=LONGEST,
    )
