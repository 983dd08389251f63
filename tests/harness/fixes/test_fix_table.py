"""The fix table against what documents, sources and measurements of each product say, by hand."""

import os
from datetime import date
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import profile_names
from firstbyte.harness.fixes import play, table
from firstbyte.harness.fixes.catalogue import FIXES, fix_ids
from firstbyte.harness.fixes.cell import Cell, Result, classify
from firstbyte.harness.fixes.edge import column
from firstbyte.harness.fixes.measured import Measured, file_content, joined, read_measured
from firstbyte.harness.fixes.play import all_cells
from firstbyte.harness.fixes.real import measure_fixes
from firstbyte.harness.model.judge import Judgement
from firstbyte.harness.model.verdict import Belief, ClientExchange, End, Verdict
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.real.catalogue import PRODUCTS
from tests.conftest import lacking

PAGE = Path(__file__).resolve().parents[3] / "docs" / "fixes.md"
CURED, NOT, WORSE, UNKNOWN = Result.CURED, Result.NOT_CURED, Result.WORSE, Result.UNKNOWN

#: edge: atomic-204, accepted-202, early-header, whitespace, sse, 102, 103; None = not worked out by hand.
BY_HAND: dict[str, tuple[Result | None, ...]] = {
    # The header is held until the first body byte; any body byte starts the 125 s anew; 102 nobody measured.
    "cloudflare": (CURED, CURED, NOT, CURED, CURED, UNKNOWN, UNKNOWN),
    "cloudflare-100": (CURED, CURED, NOT, CURED, CURED, UNKNOWN, UNKNOWN),
    # 15 s for the whole answer: a stream that flows is cut after its 200; 1xx are dropped and change nothing.
    "envoy": (CURED, CURED, WORSE, WORSE, WORSE, NOT, NOT),
    # Any 1xx is a 503 at once; between_bytes cuts a 200.
    "varnish": (CURED, CURED, WORSE, CURED, CURED, WORSE, WORSE),
    # A 1xx is taken for the answer: no 504 any more, and never a status.
    "nginx": (CURED, CURED, WORSE, CURED, CURED, WORSE, WORSE),
    # Each complete 1xx starts timeout server anew.
    "haproxy": (CURED, CURED, WORSE, CURED, CURED, CURED, CURED),
    # No limit between bytes, 1xx do not set the header's limit back.
    "caddy": (CURED, CURED, CURED, CURED, CURED, NOT, NOT),
    # A silent body ends with a clean empty 200.
    "caddy-2.7": (CURED, CURED, WORSE, CURED, CURED, NOT, NOT),
    # Every byte counts, ten 1xx in a row are allowed.
    "apache": (CURED, CURED, WORSE, CURED, CURED, CURED, CURED),
    # The 102 is the final answer, the client hangs; 103 counts.
    "ats": (CURED, CURED, WORSE, CURED, CURED, WORSE, CURED),
    "squid": (CURED, CURED, WORSE, CURED, CURED, NOT, NOT),
    "h2o": (CURED, CURED, WORSE, CURED, CURED, CURED, CURED),
    # The body is buffered: a stall after the header is a 404.
    "lighttpd": (CURED, CURED, NOT, CURED, CURED, CURED, CURED),
    # 29 s for the whole answer, which is buffered.
    "apigw-rest": (CURED, CURED, NOT, NOT, NOT, UNKNOWN, UNKNOWN),
    # First byte 15 s, then 10 s between bytes.
    "fastly": (CURED, CURED, WORSE, CURED, CURED, UNKNOWN, UNKNOWN),
    # First byte 30 s, then 55 s rolling.
    "heroku": (CURED, CURED, None, CURED, CURED, None, None),
    # Any data starts the 60 s anew.
    "aws-alb": (CURED, CURED, None, CURED, CURED, UNKNOWN, UNKNOWN),
}


@pytest.fixture(scope="module")
def cells() -> tuple[Cell, ...]:
    """Every cell there is."""
    return all_cells(profile_names(), FIXES, os.cpu_count() or 1)


@pytest.mark.parametrize("edge", BY_HAND)
def test_cells_are_what_the_facts_say(cells: tuple[Cell, ...], edge: str) -> None:
    found = {cell.fix: cell.result for cell in cells if cell.edge == edge}
    expected = dict(zip(fix_ids(), BY_HAND[edge], strict=True))
    assert {fix: found[fix] for fix, result in expected.items() if result is not None} == {
        fix: result for fix, result in expected.items() if result is not None
    }


def test_every_edge_has_a_cell_for_every_fix(cells: tuple[Cell, ...]) -> None:
    assert [(cell.edge, cell.fix) for cell in cells] == [
        (edge, fix) for edge in profile_names() for fix in fix_ids()
    ]


def test_every_cell_says_what_it_rests_on(cells: tuple[Cell, ...]) -> None:
    assert not [cell for cell in cells if cell.result is not UNKNOWN and "; by " not in cell.evidence]
    assert not [cell for cell in cells if cell.result is UNKNOWN and "depends on" not in cell.evidence]


def test_the_page_in_docs_is_the_one_that_would_be_generated(cells: tuple[Cell, ...]) -> None:
    assert PAGE.read_text(encoding="utf-8") == table.page(joined(cells, read_measured())), (
        "run `firstbyte fixes --docs`"
    )


def test_the_table_fits_80_columns(cells: tuple[Cell, ...]) -> None:
    lines = [*table.terminal_lines(cells), *table.evidence_lines(cells)]
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []


BASELINE = ClientExchange(
    id=1, method="POST", path="/", status=504, sent_at=0, end_at=60_000_000, end=End.COMPLETE
)
CLASSES = [
    pytest.param(Verdict.DELIVERED, {"status": 204}, (), CURED, id="told the truth"),
    pytest.param(Verdict.PHANTOM_FAILURE, {}, (), NOT, id="the same error at the same time"),
    pytest.param(Verdict.PHANTOM_FAILURE, {"end_at": 40_000_000}, (), WORSE, id="sooner"),
    pytest.param(Verdict.PHANTOM_FAILURE, {"end_at": 55_000_000}, (), NOT, id="hardly sooner"),
    pytest.param(Verdict.PHANTOM_FAILURE, {"end_at": 90_000_000}, (), NOT, id="later"),
    pytest.param(Verdict.PHANTOM_FAILURE, {"status": None}, (), WORSE, id="no status any more"),
    pytest.param(Verdict.PHANTOM_FAILURE, {"end": End.OPEN}, (), WORSE, id="never ends"),
    pytest.param(Verdict.TRUNCATED, {"status": 200, "end": End.TRUNCATED}, (), WORSE, id="half a 200"),
    pytest.param(
        Verdict.DELIVERED, {"status": 200}, ("truncated-looks-complete",), WORSE, id="half, looks whole"
    ),
    pytest.param(Verdict.DUPLICATE, {"status": 200}, (), WORSE, id="done twice"),
    pytest.param(Verdict.PHANTOM_SUCCESS, {"status": 204}, (), WORSE, id="told ok, lost"),
]


@pytest.mark.parametrize(("verdict", "changes", "findings", "expected"), CLASSES)
def test_a_result_follows_from_verdict_and_baseline(
    verdict: Verdict, changes: dict[str, object], findings: tuple[str, ...], expected: Result
) -> None:
    exchange = msgspec.structs.replace(BASELINE, **changes)
    judged = Judgement(verdict=verdict, belief=Belief.FAILED, effects=1, exchange=exchange)
    assert classify(judged, findings, BASELINE) is expected


def measured(**changes: object) -> Measured:
    one = Measured(
        fix="interim-103",
        edge="nginx",
        version="1.22.1",
        date="2026-11-27",
        scale=20,
        result=WORSE,
        seen="no status, truncated after 150s, unfixed 504 after 60s",
    )
    return msgspec.structs.replace(one, **changes)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (WORSE, "unfixed 504 after 60s; emulated"),
        (CURED, "unfixed 504 after 60s; emulated differs, worse; emulated"),
    ],
)
def test_a_measured_result_is_the_cells_and_its_evidence_says_of_what(result: Result, said: str) -> None:
    cell = Cell(fix="interim-103", edge="nginx", result=WORSE, evidence="emulated")
    one = measured(result=result)
    (found,) = joined((cell,), {("interim-103", "nginx"): one})
    assert (found.result, found.measured) == (result, True)
    assert found.evidence.startswith("measured on nginx 1.22.1, 2026-11-27, limits / 20: no status")
    assert found.evidence.endswith(said)


def test_every_fix_was_measured_behind_every_product() -> None:
    kept = read_measured()
    assert set(kept) == {(fix, product) for fix in fix_ids() for product in PRODUCTS}
    assert [one for one in kept.values() if not one.version[:1].isdigit()] == []


def test_what_was_measured_is_what_the_emulated_edges_do(cells: tuple[Cell, ...]) -> None:
    emulated = {(cell.fix, cell.edge): cell.result for cell in cells}
    kept = read_measured()
    assert {key: one.result for key, one in kept.items()} == {key: emulated[key] for key in kept}


def test_a_file_that_is_not_ours_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "fixes.json"
    path.write_bytes(b'[{"fix": 1}]')
    with pytest.raises(BadInput, match="--real --record"):
        read_measured(path)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "fixes.json"
    path.write_bytes(file_content([measured()]))
    assert read_measured(path) == {("interim-103", "nginx"): measured()}


@pytest.mark.parametrize("edge", PRODUCTS)
def test_the_wire_shape_of_a_fix_comes_to_the_same_as_its_handler(cells: tuple[Cell, ...], edge: str) -> None:
    behind = column(edge)
    # `interim` makes the scripted origin play the fix.
    found = {fix.id: play.cell(behind, msgspec.structs.replace(fix, interim=1)).result for fix in FIXES}
    assert found == {one.fix: one.result for one in cells if one.edge == edge}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.soak] if name == "envoy" else []) for name in PRODUCTS]
)
def test_a_product_still_does_what_was_measured(name: str) -> None:
    product = PRODUCTS[name]
    if product.find() is None:
        lacking(f"no {name}; {product.install}, or `make setup`")
    kept = read_measured()
    found = measure_fixes([product], FIXES, 20, date(2026, 11, 27))
    assert {one.fix: one.result for one in found} == {fix: kept[fix, name].result for fix in fix_ids()}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--record",), 2, "add --real"),
        (("--real", "--edge", "cloudflare"), 3, "none of these edges is a product here; there are nginx"),
    ],
)
def test_what_can_not_be_measured_is_one_message(
    options: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fixes", *options]) == code
    assert words in capsys.readouterr().err
