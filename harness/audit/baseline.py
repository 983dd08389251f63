"""What is new since an earlier audit: troubles that its document does not have.

A trouble is an operation that an edge would cut, or a finding that says bug. Pure but for reading the file.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.audit.run import Audited
from firstbyte.harness.findings.catalogue import is_bug
from firstbyte.harness.model.result import SCHEMA
from firstbyte.harness.problems import BadInput

type Trouble = tuple[str, str]
"""The operation's label, and the name of the edge or finding."""


class _OldEdge(msgspec.Struct, frozen=True):
    outcome: str


class _OldOperation(msgspec.Struct, frozen=True):
    method: str
    path: str
    findings: tuple[str, ...] = ()
    edges: dict[str, _OldEdge] = {}


class _OldDocument(msgspec.Struct, frozen=True):
    schema: int
    operations: tuple[_OldOperation, ...]


def troubles(audited: Sequence[Audited]) -> frozenset[Trouble]:
    """All there are."""
    return frozenset(trouble for one in audited for trouble in troubles_of(one))


def troubles_of(one: Audited) -> Iterator[Trouble]:
    """Those of one operation."""
    if one.examined is None:
        return
    for name in (*one.examined.cut_by, *(id_ for id_ in one.examined.findings if is_bug(id_))):
        yield one.operation.label, name


def read_baseline(path: Path) -> frozenset[Trouble]:
    """The troubles of an earlier document. BadInput when it is none."""
    cure = "write one with firstbyte audit --json FILE"
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_OldDocument)
    except OSError as error:
        raise BadInput(f"--baseline {path}: can't be read: {error.strerror}; {cure}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"--baseline {path}: is no document of an audit: {error}; {cure}") from error
    if document.schema != SCHEMA:
        raise BadInput(f"--baseline {path}: schema: {document.schema} is not {SCHEMA}; {cure}")
    return frozenset(trouble for one in document.operations for trouble in _old_troubles(one))


def _old_troubles(one: _OldOperation) -> Iterator[Trouble]:
    label = f"{one.method} {one.path}"
    yield from ((label, edge) for edge, judged in one.edges.items() if judged.outcome == "cut")
    yield from ((label, finding) for finding in one.findings)
