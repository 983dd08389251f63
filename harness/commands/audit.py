"""`firstbyte audit`: every operation of an OpenAPI document, and what each edge would make of its answer."""

import asyncio
from collections.abc import Sequence

from firstbyte.harness import redact
from firstbyte.harness.audit import junit
from firstbyte.harness.audit.baseline import read_baseline, troubles
from firstbyte.harness.audit.document import audit_document
from firstbyte.harness.audit.operations import Choice, Operation, operations_of
from firstbyte.harness.audit.run import Audited, Pace, Sender, audited_of
from firstbyte.harness.audit.source import Source, read_source
from firstbyte.harness.audit.table import table
from firstbyte.harness.clock import RealClock
from firstbyte.harness.commands import console, site
from firstbyte.harness.commands.options import AuditOptions
from firstbyte.harness.probe.address import read_address, read_headers
from firstbyte.harness.probe.edges import chosen_edges
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.version import package_version


def run(options: AuditOptions) -> int:
    """Send, examine, show. 1 when something would go wrong that the baseline does not know."""
    edges = chosen_edges(options.edge)
    known = read_baseline(options.baseline) if options.baseline is not None else None
    choice = _choice(options)
    source = read_source(options.source, choice.headers, options.server, verify=not options.insecure)
    operations = operations_of(source, choice)
    if not operations:
        raise BadInput("audit: --include and --exclude leave no operation; loosen them")
    audited = _send(options, operations, source, edges)
    _report(options, audited, source, edges, known)
    return 1 if troubles(audited) - (known or frozenset()) else 0


def _choice(options: AuditOptions) -> Choice:
    params = {}
    for text in options.param:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"--param '{text}': is no value; write NAME=VALUE, such as sessionID=ses_1")
        params[name] = value
    return Choice(
        include=options.include,
        exclude=options.exclude,
        unsafe=options.unsafe,
        headers=read_headers(options.header),
        params=params,
    )


def _send(
    options: AuditOptions, operations: Sequence[Operation], source: Source, edges: Sequence[str]
) -> tuple[Audited, ...]:
    pace = Pace(patience=options.patience, every=options.rate, jobs=options.jobs, repeat=options.repeat)
    total = sum(one.question is not None for one in operations)
    target = read_address(source.server, verify=not options.insecure).target
    with console.progress_line(total) as progress:
        heard = asyncio.run(Sender(target, pace, RealClock(), progress.advance).all(operations))
    return tuple(audited_of(one, redact.text(source.server), edges) for one in heard)


def _report(
    options: AuditOptions,
    audited: Sequence[Audited],
    source: Source,
    edges: Sequence[str],
    known: frozenset[tuple[str, str]] | None,
) -> None:
    document = audit_document(audited, source.server, known, package_version())
    if options.json:
        json_out.write(document, options.json)
    if options.html is not None:
        site.write_document(document, "audit", options.html)
    if options.junit:
        junit.write(audited, edges, known, options.junit)
    terminal = console.result_terminal(options.json)
    terminal.show(table(audited, known, terminal.width))
