"""Plays every fix behind the real products: processes on loopback, their limits and the work divided alike.

It must never judge by another rule than the emulated table does.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

from firstbyte.harness.client.raw import RawClient, Request
from firstbyte.harness.findings import find
from firstbyte.harness.fixes.catalogue import BASELINE, PATIENCE, Fix
from firstbyte.harness.fixes.cell import classify
from firstbyte.harness.fixes.edge import column, heartbeat_for, work_for
from firstbyte.harness.fixes.evidence import format_client_result
from firstbyte.harness.fixes.measured import Measured
from firstbyte.harness.fixes.wires import wire_of
from firstbyte.harness.grid.measured import Running, running
from firstbyte.harness.grid.plan import contender
from firstbyte.harness.model.judge import Judgement, judge
from firstbyte.harness.model.timeline import join
from firstbyte.harness.model.units import Duration, scale
from firstbyte.harness.model.verdict import BeliefRule
from firstbyte.harness.origin.account import ledger_of, read_account
from firstbyte.harness.problems import Problem, SetupFailed
from firstbyte.proxies.real.product import Product

_INTENT = "the-fix"


def measure_fixes(
    products: Sequence[Product], fixes: Sequence[Fix], factor: float, day: date
) -> tuple[Measured, ...]:
    """Every fix behind every product, all at once: they mostly wait.

    MissingTool for one that is not here, SetupFailed for one that does not start or lets the unfixed answer
    pass.
    """
    return asyncio.run(_all(products, fixes, factor, day))


async def _all(
    products: Sequence[Product], fixes: Sequence[Fix], factor: float, day: date
) -> tuple[Measured, ...]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_behind(product, fixes, factor, day)) for product in products]
    except BaseExceptionGroup as errors:
        problems = [error for error in errors.exceptions if isinstance(error, Problem)]
        raise (problems[0] if problems else errors) from errors
    return tuple(one for task in tasks for one in task.result())


async def _behind(product: Product, fixes: Sequence[Fix], factor: float, day: date) -> tuple[Measured, ...]:
    behind = column(product.name)
    work, heartbeat = work_for(behind.hops), heartbeat_for(behind.hops)
    shapes = [wire_of(fix, work, heartbeat) for fix in (BASELINE, *fixes)]
    # Its limits are those of its own column, not those of the grid.
    measured = contender(product, factor, behind.hops[0].profile)
    async with running(measured, shapes, factor) as started:
        seen = await asyncio.gather(*(_play(started, shape.id, work) for shape in shapes))
    baseline = seen[0][0].exchange
    if seen[0][0].verdict.is_good:
        raise SetupFailed(
            f"{product.name} {measured.version}: the unfixed answer passes; there is nothing to fix"
        )
    return tuple(
        Measured(
            fix=fix.id,
            edge=product.name,
            version=measured.version,
            date=day.isoformat(),
            scale=factor,
            result=classify(judged, findings, baseline),
            seen=f"{format_client_result(judged.exchange, whole=True)}, "
            f"unfixed {format_client_result(baseline, whole=True)}",
        )
        for fix, (judged, findings) in zip(fixes, seen[1:], strict=True)
    )


async def _play(started: Running, name: str, work: Duration) -> tuple[Judgement, tuple[str, ...]]:
    way = started.way(name)
    client = RawClient(way.front, clock=way.clock, report=way.origin.events.append)
    request = Request(
        id=1,
        method="POST",
        path=f"/{name}",
        body=b"{}",
        intent=_INTENT,
        leave_after=scale(Duration(PATIENCE * work), way.scale),
    )
    try:
        exchange = await client.exchange(request)
    finally:
        client.close()
    ledger = ledger_of(read_account(way.origin.account()))
    judged = judge((exchange,), ledger, BeliefRule.STATUS)
    return judged, find(join(way.origin.events), (exchange,), ledger, judged, None)
