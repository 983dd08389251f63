"""Emulated edges agree with the real products, cell by cell; what does not is listed with its reason."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.grid.cell import Cell, GridCell, document
from firstbyte.harness.grid.differences import MOST, is_as_listed, listed, surprises, with_reasons
from firstbyte.harness.grid.pages import page
from firstbyte.harness.grid.plan import emulated_contender, needs_virtual_time, shapes_of
from firstbyte.harness.grid.run import emulated_cells
from firstbyte.harness.grid.table import table
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import seconds
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report.paint import cells as cells_of
from firstbyte.proxies.real.catalogue import PRODUCTS
from tests.conftest import lacking

SIDE = Cell(
    status=504, end="complete", at=seconds(60), limit=seconds(60), origin_requests=1, origin_saw="fin"
)
CELL = GridCell(shape="silent", product="nginx", product_version="1.22.1", emulated=SIDE, real=SIDE)


def real(**changes: object) -> GridCell:
    return msgspec.structs.replace(CELL, real=msgspec.structs.replace(SIDE, **changes))


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({}, True),
        ({"at": seconds(69)}, True),
        ({"at": seconds(69.1)}, False),
        ({"status": 502}, False),
        ({"status": None}, False),
        ({"end": "truncated"}, False),
        ({"origin_requests": 2}, False),
        ({"origin_saw": "rst"}, True),
    ],
)
def test_a_cell_agrees_when_the_client_is_told_the_same_at_the_same_time(
    changes: dict[str, object], agrees: bool
) -> None:
    assert real(**changes).agree is agrees


def test_a_new_difference_and_one_that_has_gone_are_both_surprises() -> None:
    known = msgspec.structs.replace(CELL, listed_reason="a reason")
    differs = real(status=502)
    assert [is_as_listed(cell) for cell in (CELL, differs, known)] == [True, False, False]
    assert "status emulated 504, real 502" in next(surprises([differs]))
    assert "take it out" in next(surprises([known]))


def test_the_document_has_the_fixed_fields() -> None:
    (cell,) = document([CELL], "1")["cells"]
    side = {
        "status": 504,
        "end": "complete",
        "at_s": 60.0,
        "limit_s": 60.0,
        "origin_requests": 1,
        "origin_saw": "fin",
    }
    head = {"shape": "silent", "product": "nginx", "product_version": "1.22.1"}
    assert cell == {**head, "emulated": side, "real": side, "agree": True, "listed_reason": ""}


def test_no_product_has_more_than_three_listed_differences() -> None:
    products = [product for _, product in listed()]
    assert {name for name in products if products.count(name) > MOST} == set()


def test_a_listed_difference_without_a_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "differences.toml"
    path.write_text('[[difference]]\nproduct = "nginx"\nshape = "silent"\nreason = "so"\nsource = " "\n')
    with pytest.raises(BadInput, match="no reason or no source"):
        listed(path)


def test_a_listed_difference_without_an_address_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "differences.toml"
    path.write_text('[[difference]]\nproduct = "nginx"\nshape = "silent"\nreason = "so"\nsource = "seen"\n')
    with pytest.raises(BadInput, match="no https:// address"):
        listed(path)


@pytest.mark.parametrize(
    ("changes", "is_fine"),
    [
        ({}, True),
        ({"status": 499}, True),
        ({"status": 502}, False),
        ({"status": 499, "end": "truncated"}, False),
        ({"status": 499, "origin_requests": 2}, False),
        ({"at": seconds(10)}, False),
    ],
)
def test_a_product_of_two_minds_may_have_the_statuses_that_are_listed_and_no_others(
    changes: dict[str, object], is_fine: bool
) -> None:
    cell = msgspec.structs.replace(real(**changes), listed_reason="a race", may_be=(499,))
    assert is_as_listed(cell) is is_fine


def test_shapes_that_wait_for_the_limit_to_the_millisecond_are_left_to_virtual_time() -> None:
    assert needs_virtual_time(load_shape("body-gap-before-limit"))
    assert not any(needs_virtual_time(shape) for shape in shapes_of(()))
    assert len(shapes_of(())) >= 30


def test_the_page_holds_no_markup_of_what_was_seen() -> None:
    event = Event(at=0, actor=Actor.CLIENT, kind=Kind.CONNECTED, data={"x": "</script><script>alert(1)"})
    side = msgspec.structs.replace(SIDE, events=(event,))
    cell = msgspec.structs.replace(CELL, emulated=side, real=side)
    text = page([cell], [emulated_contender(PRODUCTS["nginx"])], date(2026, 11, 22))
    assert text.count("</script>") == 2
    assert "alert(1)" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_is_never_wider_than_its_terminal(width: int) -> None:
    rows = [msgspec.structs.replace(CELL, product=name) for name in PRODUCTS]
    rows += [msgspec.structs.replace(real(status=502), shape="complete-header-then-silence-chunked")]
    assert max(cells_of(one) for one in table(rows, width)) <= width


@pytest.mark.slow
def test_the_emulated_grid_has_a_cell_for_every_shape_behind_every_product() -> None:
    contenders = [emulated_contender(product) for product in PRODUCTS.values()]
    cells = emulated_cells(shapes_of(()), contenders, lambda _: None)
    assert [(cell.shape, cell.product) for cell in cells] == [
        (shape.id, name) for shape in shapes_of(()) for name in PRODUCTS
    ]


def test_a_re_run_in_virtual_time_is_the_same_to_the_microsecond() -> None:
    contenders = [emulated_contender(product) for product in PRODUCTS.values()]
    shapes = shapes_of(["silent", "stale-keep-alive-get", "interim-102-repeated"])
    assert emulated_cells(shapes, contenders, lambda _: None) == emulated_cells(
        shapes, contenders, lambda _: None
    )


@pytest.mark.clock
@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", PRODUCTS)
def test_every_cell_agrees_or_is_listed(name: str, tmp_path: Path) -> None:
    product = PRODUCTS[name]
    if product.find() is None:
        lacking(f"no {name}; {product.install}, or `make setup`")
    result = tmp_path / "grid.json"
    # Limits of 3 s: other tests run beside this one.
    code = main(["grid", "--real", name, "--time-scale", "20", "--json", str(result)])
    cells = json.loads(result.read_text())["cells"]
    odd = [
        (cell["shape"], cell["emulated"], cell["real"])
        for cell in cells
        if not (cell["agree"] or cell["listed_reason"])
    ]
    assert (odd, code) == ([], 0)
    assert sum(cell["agree"] for cell in cells) >= 0.95 * len(cells)


def test_reasons_are_put_on_the_cells_they_are_for() -> None:
    known = listed()
    cells = [msgspec.structs.replace(CELL, shape="slow-upload", product="traefik"), CELL]
    assert [bool(cell.listed_reason) for cell in with_reasons(cells, known)] == [True, False]
