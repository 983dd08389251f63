"""The audit's table: the worst first, never wider than its terminal, and no wall of what was not sent."""

import pytest

from firstbyte.harness.audit.operations import Operation
from firstbyte.harness.audit.run import Audited
from firstbyte.harness.audit.table import table
from firstbyte.harness.files.loader import load_shape, profile_names
from firstbyte.harness.probe.examine import examine
from firstbyte.harness.report.paint import Palette, cells, paint
from tests.harness.predict.lab import recorded


def audited(path: str, shape: str) -> Audited:
    examined = examine(f"http://h{path}", recorded(load_shape(shape)), profile_names())
    return Audited(operation=Operation(method="GET", path=path), examined=examined, sent=1)


ROWS = [
    audited("/good", "answer-at-half"),
    audited("/bad/with/a/path/that/is/much/longer/than/any/column/of/a/terminal", "silent-then-json"),
    audited("/worse", "silent"),
    *(
        Audited(operation=Operation(method="POST", path=f"/{number}"), problem="not sent: it may change")
        for number in range(9)
    ),
]


def test_the_worst_stands_first_and_what_was_not_sent_in_one_line() -> None:
    text = paint(table(ROWS, None, 120), Palette.PLAIN)
    rows = [line for line in text.splitlines() if line.startswith("GET ")]
    order = [line.split()[1][:5] for line in rows[:3]]
    assert order[-1] == "/good"
    assert text.count("not sent: it may change") == 1
    assert "and 4 more" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cells(one) for one in table(ROWS, frozenset(), width)) <= width


def test_every_edge_has_its_cell_in_every_row() -> None:
    rows = [line for line in paint(table(ROWS, None, 120), Palette.PLAIN).splitlines() if line[:4] == "GET "]
    marks = [line.split()[-1] for line in rows[:3]]
    assert {len(one) for one in marks} == {len(profile_names())}
    assert all(set(one) <= set("x.?") for one in marks)
