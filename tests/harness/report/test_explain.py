"""`explain` says all a finding's file says, and fits."""

import pytest
from rich.cells import cell_len

from firstbyte.harness.findings import finding_ids
from firstbyte.harness.findings.catalogue import load_finding
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import explain
from firstbyte.harness.report.paint import Palette


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("id_", finding_ids())
@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_explanation_is_complete_and_fits(id_: str, width: int) -> None:
    text = explain.text(id_, width)
    finding = load_finding(id_)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for part in (finding.id, finding.level, finding.title, finding.meaning, finding.cause, *finding.cures):
        assert squeezed(part) in squeezed(text)
    for source in finding.sources:
        assert squeezed(source.url) in squeezed(text)
        assert source.date in text


def test_the_list_has_every_finding_in_order() -> None:
    lines = explain.listing().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(finding_ids())
    assert max(cell_len(line) for line in explain.listing(60).splitlines()) <= 60


def test_colour_marks_the_level() -> None:
    assert "\x1b[1;31mbug" in explain.text("header-withheld", palette=Palette.COLOUR)


def test_an_unknown_finding_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no finding 'x'"):
        explain.text("x")
