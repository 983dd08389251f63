"""The texts of the findings: there is exactly one for each finding, and it is complete."""

import re
from datetime import date

import pytest

from firstbyte.harness.findings import finding_ids
from firstbyte.harness.findings.catalogue import Finding, Level, load_finding, load_findings, texts_dir
from firstbyte.harness.problems import BadInput

EVERY = load_findings()


def test_every_finding_has_a_text_and_every_text_a_finding() -> None:
    assert {path.stem for path in texts_dir().glob("*")} == set(finding_ids())


def test_an_unknown_finding_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'header-withheld'"):
        load_finding("header-witheld")


@pytest.mark.parametrize("finding", EVERY, ids=lambda one: one.id)
def test_a_text_is_complete_and_short(finding: Finding) -> None:
    assert load_finding(finding.id) == finding
    assert len(finding.title) <= 75
    assert not finding.title.endswith(".")
    for text in (finding.meaning, finding.cause, *finding.cures):
        assert text.strip().endswith((".", "?"))
        assert len(text) <= 420
    assert finding.cures or finding.level is Level.NOTE


@pytest.mark.parametrize("finding", EVERY, ids=lambda one: one.id)
def test_every_statement_has_a_source_with_a_date(finding: Finding) -> None:
    assert finding.sources
    for source in finding.sources:
        assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", source.date)
        assert date(int(source.date[:4]), int(source.date[5:7]), 1) >= date(2020, 1, 1)
        assert source.url.startswith("https://") or source.note.startswith("measured: ")
