"""What `firstbyte audit --json` writes: each operation with its wire, findings and edges. Plain types."""

from collections.abc import Sequence
from typing import Any

from firstbyte.harness import redact
from firstbyte.harness.audit.baseline import Trouble, troubles_of
from firstbyte.harness.audit.run import Audited
from firstbyte.harness.model.result import SCHEMA
from firstbyte.harness.probe.document import edge_of, wire_of


def audit_document(
    audited: Sequence[Audited], server: str, known: frozenset[Trouble] | None, version: str
) -> dict[str, Any]:
    """known: the troubles of the baseline, None without one."""
    return {
        "schema": SCHEMA,
        "firstbyte": version,
        "server": redact.text(server),
        "operations": [_record(one, known) for one in audited],
    }


def _record(one: Audited, known: frozenset[Trouble] | None) -> dict[str, Any]:
    examined = one.examined
    record: dict[str, Any] = {
        "method": one.operation.method,
        "path": one.operation.path,
        "sent": one.sent,
        "problem": one.problem,
        "wire": wire_of(examined) if examined else None,
        "findings": list(examined.findings) if examined else [],
        "edges": {judged.edge: edge_of(judged) for judged in examined.edges} if examined else {},
    }
    if known is not None:
        record["new"] = sorted(name for label, name in troubles_of(one) if (label, name) not in known)
    return record
