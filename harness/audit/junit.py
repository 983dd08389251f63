"""The audit as JUnit XML: a suite for each edge, a case for each operation; one more suite for the findings.

What the baseline knows already is no failure.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

from firstbyte.harness.audit.baseline import Trouble
from firstbyte.harness.audit.run import Audited
from firstbyte.harness.files.replace import replace
from firstbyte.harness.findings.catalogue import is_bug, load_finding
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.probe.words import edge_words
from firstbyte.harness.report.junit import clean

type Fill = Callable[[ET.Element, Audited], None]


def write(
    audited: Sequence[Audited], edges: Sequence[str], known: frozenset[Trouble] | None, path: Path | str
) -> None:
    """Write the report to `path`. BadInput when that can't be."""
    replace(Path(path), encoded(audited, edges, known or frozenset()), option="--junit")


def encoded(audited: Sequence[Audited], edges: Sequence[str], known: frozenset[Trouble]) -> bytes:
    """The report as UTF-8 XML."""
    root = ET.Element("testsuites", {"name": "firstbyte audit"})
    for edge in edges:
        _suite(root, f"firstbyte.audit.{edge}", audited, partial(_edge, edge=edge, known=known))
    _suite(root, "firstbyte.audit.findings", audited, partial(_findings, known=known))
    for kind in ("tests", "failures", "errors"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _suite(root: ET.Element, name: str, audited: Sequence[Audited], fill: Fill) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": clean(name)})
    for one in audited:
        case = ET.SubElement(
            suite,
            "testcase",
            {"classname": clean(name), "name": clean(one.operation.label), "time": _time(one)},
        )
        if one.examined is None:
            ET.SubElement(case, "skipped").text = clean(one.problem)
        else:
            fill(case, one)
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0.000")


def _time(one: Audited) -> str:
    return f"{one.examined.wire.end_at / 1e6:.3f}" if one.examined else "0.000"


def _edge(case: ET.Element, one: Audited, *, edge: str, known: frozenset[Trouble]) -> None:
    assert one.examined is not None
    judged = next(each for each in one.examined.edges if each.edge == edge)
    match judged.prediction.outcome:
        case Outcome.PASSES:
            return
        case Outcome.UNKNOWN:
            ET.SubElement(case, "skipped").text = clean(edge_words(judged))
        case Outcome.CUT:
            if (one.operation.label, edge) not in known:
                _failure(case, "cut", f"{edge}: {edge_words(judged)}", _cures(one))


def _findings(case: ET.Element, one: Audited, *, known: frozenset[Trouble]) -> None:
    assert one.examined is not None
    new = [id_ for id_ in one.examined.findings if is_bug(id_) and (one.operation.label, id_) not in known]
    if new:
        _failure(case, "finding", "; ".join(f"{id_}: {load_finding(id_).title}" for id_ in new), _cures(one))


def _failure(case: ET.Element, kind: str, message: str, text: str) -> None:
    ET.SubElement(case, "failure", {"type": kind, "message": clean(message)}).text = clean(text)


def _cures(one: Audited) -> str:
    assert one.examined is not None
    texts = [load_finding(id_) for id_ in one.examined.findings]
    return "\n".join(f"{text.id}: {cure}" for text in texts for cure in text.cures)
