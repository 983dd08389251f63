"""The command line of the benchmarks: what is measured, how often, and where the figures go."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks import lateness, real, show, simulation, start, suite
from benchmarks.figures import Figure
from benchmarks.machine import Machine, load, this_machine

DOCS = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

type Measure = Callable[[], Iterator[Figure]]

FULL: dict[str, Measure] = {
    "start": lambda: start.measure(7),
    "simulation": lambda: simulation.measure(7, 50),
    "real": lambda: real.measure(9),
    "suite": lambda: suite.measure(3),
    "lateness": lambda: lateness.measure(3),
}
QUICK: dict[str, Measure] = {
    "start": lambda: start.measure(1),
    "simulation": lambda: simulation.measure(3, 15),
    "real": lambda: real.measure(3),
    "suite": lambda: suite.measure(1, part="1/8", uncounted=0),
    "lateness": lambda: lateness.measure(1, (lateness.emulated(1.5),), held=(100,), spread_over=1.0),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write where asked; returns the exit code. A missed goal is no error."""
    options = _parser().parse_args(arguments)
    chosen = QUICK if options.quick else FULL
    load_before = load()
    figures: list[Figure] = []
    for name in options.only or chosen:
        print(f"measuring: {name}", file=sys.stderr)
        figures += chosen[name]()
    command = "make bench" + (f' ARGS="{" ".join(sys.argv[1:])}"' if sys.argv[1:] else "")
    _write(options, figures, this_machine(load_before), command)
    return 0


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
        DOCS.write_text(show.markdown(figures, machine, command), encoding="utf-8")


def document(figures: Sequence[Figure], machine: Machine, command: str) -> str:
    """{"schema": 1, "command", "machine": {...}, "figures": [...]}."""
    content = {"schema": 1, "command": command, "machine": machine, "figures": figures}
    return json.dumps(msgspec.to_builtins(content), indent=1, ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, an eighth of the suite: under 30 s")
    parser.add_argument(
        "--only", action="append", default=[], choices=tuple(FULL), help="only this group; repeatable"
    )
    parser.add_argument("--json", metavar="FILE|-", help="the figures as JSON; '-' gives stdout to it alone")
    parser.add_argument("--write-docs", action="store_true", help=f"also write {DOCS.name} in docs/")
    return parser
