"""Documents of probe and audit as a page: every operation behind every edge, whatever is missing in them."""

from typing import Any

from firstbyte.harness.report.site.operations import site_of_document
from firstbyte.harness.report.site.page import rendered

WIRE = {
    "first_byte_s": 0.01,
    "header_lines_s": [0.01],
    "interims": [{"at_s": 1.0, "status": 102}],
    "header_s": 130.0,
    "end_s": 130.1,
    "end": "complete",
    "status": 200,
}
EDGES = {
    "nginx": {"outcome": "cut", "status": 504, "at_s": 60.0, "margin_s": None, "timer": "proxy-read-header"},
    "direct": {"outcome": "passes", "status": 200, "at_s": 130.1, "margin_s": 20.0},
    "fly": {"outcome": "unknown", "status": None, "at_s": None, "margin_s": None, "depends_on": "a.key"},
}
SLOW = {"method": "GET", "path": "/slow", "wire": WIRE, "findings": ["partial-header"], "edges": EDGES}
DANGER: dict[str, Any] = {
    "method": "POST",
    "path": "/danger",
    "problem": "it changes data",
    "wire": None,
    "edges": {},
}
AUDIT: dict[str, Any] = {"schema": 1, "firstbyte": "1", "operations": [SLOW, DANGER]}


def test_an_audit_has_a_case_for_each_operation_and_edge() -> None:
    site = site_of_document(AUDIT, command="audit", facts=())
    assert [(case.row, case.column, case.word, case.is_good) for case in site.cases] == [
        ("GET /slow", "nginx", "cut", False),
        ("GET /slow", "direct", "passes", True),
        ("GET /slow", "fly", "unknown", True),
        ("POST /danger", "-", "not sent", True),
    ]
    assert site.cases[0].brief == "cut: 504 after 60 s"
    assert [one.id for one in site.findings] == ["partial-header"]
    assert b"GET /slow" in rendered(site)


def test_the_cut_stands_on_the_time_axis_of_the_wire() -> None:
    marks = site_of_document(AUDIT, command="audit", facts=()).cases[0].lanes[0].marks
    assert [(mark.at, mark.actor, mark.kind) for mark in marks] == [
        (0, "client", "request-sent"),
        (10_000, "client", "header-line"),
        (1_000_000, "client", "interim"),
        (130_000_000, "client", "header-completed"),
        (60_000_000, "edge", "timer-fired"),
        (60_000_000, "edge", "answered"),
        (130_100_000, "client", "ended"),
    ]


def test_one_exchange_and_the_entries_of_a_har_are_pages_too() -> None:
    one = {
        "schema": 1,
        "method": "GET",
        "url": "http://127.0.0.1/",
        "wire": WIRE,
        "findings": [],
        "edges": EDGES,
    }
    assert len(site_of_document(one, command="probe", facts=()).cases) == 3
    assert len(site_of_document({"entries": [one, one]}, command="probe", facts=()).cases) == 6
