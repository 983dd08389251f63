"""JSON and JUnit: whole files, well-formed whatever is in a run, without secrets."""

import io
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
import xmlschema

from firstbyte.harness.model.result import Outcome, Run, document
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out, junit
from tests.harness.report import samples

RUNS = tuple(make() for make in samples.ALL)
DOCUMENT = document(RUNS, "0.0")
HOSTILE = msgspec.structs.replace(
    samples.failed(),
    claim="\x00\x1b\ufffe\ud800 ]]> <b>&amp;",
    mismatches=("set-cookie: sid=abcdefgh", "\x0b"),
)
ORDER = ["skipped", "error", "failure", "system-out", "system-err"]


def test_the_document_on_standard_output_is_all_there_is() -> None:
    stream = io.StringIO()
    json_out.write(DOCUMENT, "-", stream)
    assert [run["scenario"] for run in json.loads(stream.getvalue())["runs"]] == [
        run.scenario for run in RUNS
    ]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("x" * 1_000_000)
    json_out.write(DOCUMENT, str(path))
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == 1
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize("where", ["", "missing/result.json"], ids=["a folder", "in no folder"])
def test_a_file_that_cannot_be_written_is_named_with_its_option(where: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--json .*can't be written: .*; name a file"):
        json_out.write(DOCUMENT, str(tmp_path / where))


def test_units_are_plain_numbers_and_lone_surrogates_are_escaped() -> None:
    text = json_out.encoded({"limit": seconds(1), "ok": True, "body": "\ud800é"}).decode()
    assert json.loads(text) == {"limit": 1_000_000, "ok": True, "body": "\\ud800é"}


def test_no_secret_is_in_the_document() -> None:
    run = samples.run(
        samples.edge(0, Kind.MUTATED, what="Set-Cookie: sid=abcdefgh"),
        exchanges=(samples.exchange(path="/x?api_key=abcdefgh"),),
        held=samples.ledger(),
    )
    assert b"abcdefgh" not in json_out.encoded(document((run,), "0.0"))


def xml(*runs: Run) -> ET.Element:
    return ET.fromstring(junit.encoded(runs))


def test_a_suite_counts_what_it_holds() -> None:
    root = xml(*RUNS)
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "7",
        "1",
        "1",
        "0",
    )
    assert len(suite.findall("testcase")) == 7
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "1", "1")


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        (Outcome.PASS, None),
        (Outcome.FAIL, "failure"),
        (Outcome.SETUP_ERROR, "error"),
        (Outcome.HARNESS_ERROR, "error"),
        (Outcome.NOT_APPLICABLE, "skipped"),
    ],
)
def test_only_the_subjects_fault_is_a_failure(outcome: Outcome, element: str | None) -> None:
    case = xml(msgspec.structs.replace(samples.withheld(), outcome=outcome, problem="why"))[0].find(
        "testcase"
    )
    assert case is not None
    assert [one.tag for one in case if one.tag != "system-out"] == ([element] if element else [])


def test_verdict_and_digest_are_properties_under_the_name_of_the_run() -> None:
    properties = {one.get("name"): one.get("value") for one in xml(*RUNS).iter("property")}
    assert properties["act-1[cloudflare-100].verdict"] == "phantom-failure"
    assert properties["act-1[cloudflare-100].digest"] == "0123456789abcdef"


def test_the_shape_is_the_one_the_strictest_schema_asks_for() -> None:
    root = xml(*RUNS, HOSTILE)
    assert root.tag == "testsuites"
    for suite in root:
        assert set(suite.attrib) <= {"name", "tests", "failures", "errors", "time", "skipped"}
        assert [one.tag for one in suite] == ["properties", *["testcase"] * (len(suite) - 1)]
        for case in suite.findall("testcase"):
            assert set(case.attrib) == {"name", "classname", "time"}
            places = [ORDER.index(one.tag) for one in case]
            assert places == sorted(set(places))


def test_the_report_keeps_its_schema(root: Path) -> None:
    schema = xmlschema.XMLSchema(root / "tests" / "data" / "junit.xsd")
    assert [str(error) for error in schema.iter_errors(junit.encoded((*RUNS, HOSTILE)).decode())] == []
    # The schema can tell: a case without a time, a skip with an attribute.
    broken = junit.encoded(RUNS).decode().replace(' time="100.000"', "", 1)
    assert list(schema.iter_errors(broken))


def test_characters_xml_cannot_hold_are_replaced_and_secrets_hidden(tmp_path: Path) -> None:
    junit.write([HOSTILE], tmp_path / "junit.xml")
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    ET.fromstring(text)
    assert "]]&gt; &lt;b&gt;&amp;amp;" in text
    assert "abcdefgh" not in text
