"""Formats the figures as a table for the terminal and as Markdown for docs/benchmarks.md."""

from collections.abc import Sequence

from benchmarks.figures import Figure, Spread
from benchmarks.machine import Machine

HEAD = ("what", "median (min-max)", "ratio, same round", "goal", "met")
_MADE = """# Benchmarks

Made by `make bench ARGS=--write-docs`. Each figure is the median of several alternating runs with the least
and the most; a ratio compares runs of the same round. "at best": only the best run met the goal, as
happens on a busy machine. "one play" is a scenario played once, with its verdict.
"""


def table(figures: Sequence[Figure], machine: Machine, command: str) -> str:
    """Plain text, aligned."""
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(
        [about(machine, command), "", *(line.rstrip() for line in lines), "", "How:", *notes(figures)]
    )


def markdown(figures: Sequence[Figure], machine: Machine, command: str) -> str:
    """A page."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(figure) for figure in figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([_MADE, about(machine, command), "", *lines, "", "## How", "", *notes(figures), ""])


def notes(figures: Sequence[Figure]) -> list[str]:
    """How it was measured, figures of one method together."""
    methods: dict[str, list[str]] = {}
    for figure in figures:
        if figure.how:
            methods.setdefault(figure.how, []).append(figure.what.removeprefix("of it, "))
    return [f"- {'; '.join(names)}: {how}" for how, names in methods.items()]


def about(machine: Machine, command: str) -> str:
    """The machine, the versions and the command, in one paragraph."""
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}; {versions}. "
        f"Load before and after: {machine.load[0]:g}, {machine.load[1]:g}. Command: `{command}`."
    )


def _row(figure: Figure) -> tuple[str, ...]:
    ratio = f"{_spread(figure.ratio, '')} x {figure.beside}" if figure.ratio else ""
    return (figure.what, _spread(figure.value, figure.unit), ratio, figure.goal, figure.met)


def _spread(spread: Spread, unit: str) -> str:
    """`0.62 s (0.60-0.71)`; one sample has no spread."""
    middle = f"{_number(spread.median)} {unit}".rstrip()
    if spread.low == spread.high:
        return middle
    return f"{middle} ({_number(spread.low)}-{_number(spread.high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
