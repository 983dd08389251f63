"""Results as JUnit XML, the form every CI server reads.

One test case a run. A failing subject is a failure, a set-up or harness error an error, what can't apply is
skipped. The strictest schema in use has no properties of a case, so they stand at the suite, named after it.
It must never write a secret or a character XML 1.0 can't hold.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from firstbyte.harness import redact
from firstbyte.harness.files.replace import replace
from firstbyte.harness.model.result import Outcome, Run
from firstbyte.harness.report.words import seen

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ERRORS = (Outcome.SETUP_ERROR, Outcome.HARNESS_ERROR)


def write(runs: Sequence[Run], path: Path | str) -> None:
    """Write the report to `path`. BadInput when that can't be."""
    replace(Path(path), encoded(runs), option="--junit")


def encoded(runs: Sequence[Run]) -> bytes:
    """The report as UTF-8 XML: one suite for each edge, in the order of the runs."""
    root = ET.Element("testsuites", _counts("firstbyte", runs, with_skipped=False))
    for edge in dict.fromkeys(run.edge for run in runs):
        mine = [run for run in runs if run.edge == edge]
        suite = ET.SubElement(root, "testsuite", _counts(f"firstbyte.{edge}", mine, with_skipped=True))
        properties = ET.SubElement(suite, "properties")
        for name, value in (found for run in mine for found in _properties(run)):
            ET.SubElement(properties, "property", {"name": clean(name), "value": clean(value)})
        suite.extend([_case(run) for run in mine])
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _counts(name: str, runs: Sequence[Run], *, with_skipped: bool) -> dict[str, str]:
    outcomes = [run.outcome for run in runs]
    counts = {
        "name": clean(name),
        "tests": str(len(runs)),
        "failures": str(outcomes.count(Outcome.FAIL)),
        "errors": str(sum(outcome in _ERRORS for outcome in outcomes)),
        "time": "0.000",
    }
    return counts | ({"skipped": str(outcomes.count(Outcome.NOT_APPLICABLE))} if with_skipped else {})


def _case(run: Run) -> ET.Element:
    case = ET.Element("testcase", {"classname": clean(f"firstbyte.{run.scenario}"), "name": clean(run.name)})
    case.set("time", f"{_seconds(run):.3f}")
    _outcome(case, run)
    ET.SubElement(case, "system-out").text = clean("\n".join([run.claim, f"seen: {seen(run)}"]))
    return case


def _outcome(case: ET.Element, run: Run) -> None:
    match run.outcome:
        case Outcome.PASS:
            return
        case Outcome.FAIL:
            message = f"expected {run.expected}; saw {seen(run)}" if run.expected else f"saw {seen(run)}"
            kind = str(run.judgement.verdict) if run.judgement else "fail"
            element = ET.SubElement(case, "failure", {"type": kind, "message": clean(message)})
            element.text = clean("\n".join(run.mismatches))
        case Outcome.SETUP_ERROR | Outcome.HARNESS_ERROR:
            ET.SubElement(case, "error", {"type": str(run.outcome), "message": clean(run.problem)})
        case Outcome.NOT_APPLICABLE:
            # Text, not an attribute: the strictest schema has skipped as a plain string.
            ET.SubElement(case, "skipped").text = clean(run.problem)


def _properties(run: Run) -> list[tuple[str, str]]:
    verdict = str(run.judgement.verdict) if run.judgement else "none"
    found = {"verdict": verdict, "digest": run.digest, "findings": " ".join(run.findings)}
    return [(f"{run.name}.{name}", value) for name, value in found.items()]


def _seconds(run: Run) -> float:
    """How long the judged request took on the scenario's clock; wall time would differ from run to run."""
    judged = run.judgement.exchange if run.judgement else None
    if judged is None or judged.took is None:
        return 0.0
    return judged.took / 1_000_000


def clean(text: str) -> str:
    """Text that XML 1.0 can hold, without secrets."""
    return _NOT_XML.sub("\ufffd", redact.text(text))
