"""The command line of the benchmarks: selects the measurements and writes the figures."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks import (
    chart,
    grid,
    guard,
    holding,
    lateness,
    page,
    passthrough,
    peers,
    predictions,
    real,
    show,
    simulation,
    start,
    suite,
)
from benchmarks.figures import Figure
from benchmarks.machine import Machine, load, this_machine
from firstbyte.harness.model.units import seconds

DOCS = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
CHART = DOCS.parent / "images" / "benchmarks.svg"

type Measure = Callable[[], Iterator[Figure]]

FULL: dict[str, Measure] = {
    "start": lambda: start.measure(7),
    "simulation": lambda: simulation.measure(7, 50, rows=(1_000, 10_000)),
    "predictions": lambda: predictions.measure(3, 50, entries=10_000),
    "real": lambda: real.measure(9),
    "suite": lambda: suite.measure(3),
    "lateness": lambda: lateness.measure(1, lateness.with_products()),
    "grid": lambda: grid.measure(3),
    "peers": lambda: peers.measure(7, 50),
    "pass": lambda: passthrough.measure(3),
    "hold": lambda: holding.measure(1),
    "page": lambda: page.measure(5),
}
QUICK: dict[str, Measure] = {
    "start": lambda: start.measure(5),
    "simulation": lambda: simulation.measure(3, 15, rows=(90,)),
    "predictions": lambda: predictions.measure(5, 15, entries=1_000),
    "real": lambda: real.measure(3),
    "suite": lambda: suite.measure(1, part="1/8", uncounted=0),
    "lateness": lambda: lateness.measure(1, (lateness.emulated(1.5),), held=(100,), spread_over=1.0),
    "grid": lambda: grid.measure(1, real=False),
    "peers": lambda: peers.measure(3, 20),
    "pass": lambda: passthrough.measure(1, most=1.0, connections=(32,)),
    "page": lambda: page.measure(1),
    "hold": lambda: holding.measure(1, number=200, spread_over=1.0, limit=seconds(2)),
}
GUARDED = ("start", "simulation", "predictions", "suite", "peers", "pass")
"""Groups whose ratios `--check` looks at: what a change of ours can slow down, and two minutes can show."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write where asked; returns the exit code.

    A missed goal is no error; with --check, a ratio that has become worse than the stored one is.
    """
    options = _parser().parse_args(arguments)
    chosen = QUICK if options.quick else FULL
    load_before = load()
    figures: list[Figure] = []
    for name in options.only or (GUARDED if options.check else chosen):
        print(f"measuring: {name}", file=sys.stderr)
        figures += chosen[name]()
    command = "make bench" + (f' ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "")
    _write(options, figures, this_machine(load_before), command)
    if options.store:
        guard.store(figures)
    return _check(figures) if options.check else 0


def _check(figures: Sequence[Figure]) -> int:
    stored = guard.read_stored()
    found = list(guard.worse(figures, stored))
    for one in found:
        print(f"worse: {one}", file=sys.stderr)
    held = sum(figure.id in stored for figure in figures)
    print(f"{held} ratios held against {guard.STORED.name}, {len(found)} worse", file=sys.stderr)
    return 1 if found or not held else 0


def _write(options: argparse.Namespace, figures: list[Figure], machine: Machine, command: str) -> None:
    text = document(figures, machine, command)
    stream = sys.stderr if options.json == "-" else sys.stdout
    print(show.table(figures, machine, command), file=stream)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    if options.write_docs:
        DOCS.parent.mkdir(exist_ok=True)
        CHART.parent.mkdir(exist_ok=True)
        CHART.write_text(chart.svg(figures), encoding="utf-8")
        page_text = show.markdown(figures, machine, command)
        DOCS.write_text(f"{page_text}\n![The ratios as a chart](images/{CHART.name})\n", encoding="utf-8")


def document(figures: Sequence[Figure], machine: Machine, command: str) -> str:
    """{"schema": 1, "command", "machine": {...}, "figures": [...]}."""
    content = {"schema": 1, "command": command, "machine": machine, "figures": figures}
    return json.dumps(msgspec.to_builtins(content), indent=1, ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer runs, an eighth of the suite: two minutes"
    )
    parser.add_argument("--check", action="store_true", help="fail when a ratio is worse than the stored one")
    parser.add_argument("--store", action="store_true", help=f"store the ratios in {guard.STORED.name}")
    parser.add_argument(
        "--only", action="append", default=[], choices=tuple(FULL), help="only this group; repeatable"
    )
    parser.add_argument("--json", metavar="FILE|-", help="the figures as JSON; '-' gives stdout to it alone")
    parser.add_argument("--write-docs", action="store_true", help=f"also write {DOCS.name} in docs/")
    return parser
