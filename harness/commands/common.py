"""Options that several commands share, and how results leave the process."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.commands import site
from firstbyte.harness.model.result import Outcome, Run, document
from firstbyte.harness.problems import BadInput
from firstbyte.harness.runner.plan import Mode, Options, Plan
from firstbyte.harness.runner.selection import run_all
from firstbyte.harness.targets.catalogue import find_target
from firstbyte.harness.targets.reference import NAME as REFERENCE
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firstbyte.harness.report.terminal import Terminal


def add_running(parser: argparse.ArgumentParser) -> None:
    """--mode, --time-scale, --seed, --target, --json, -j."""
    parser.add_argument(
        "--mode",
        choices=("sim", "real"),
        help="virtual time, or processes on loopback (default: sim, or real for any other --target)",
    )
    parser.add_argument(
        "--time-scale",
        type=positive,
        metavar="N",
        help="real mode: divide every limit and wait by N (default: 1; reproduce: what the acts are for)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of ids and tokens (default: 0)"
    )
    parser.add_argument(
        "--target",
        default=REFERENCE,
        metavar="NAME|URL",
        help="what to run against: see `firstbyte list targets` (default: reference)",
    )
    parser.add_argument(
        "--adapter", default="", metavar="FILE", help="how to speak to the server of a --target URL"
    )
    parser.add_argument(
        "--json", metavar="FILE|-", help="write the results as JSON; '-' gives stdout to it alone"
    )
    site.add(parser)
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    parser.add_argument(
        "-j", "--jobs", type=count, default=8, metavar="N", help="runs at once in real mode (default: 8)"
    )


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def count(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def options_of(parsed: argparse.Namespace) -> Options:
    """The run options; BadInput for a combination that makes no sense."""
    is_reference = parsed.target == REFERENCE
    mode: Mode = parsed.mode or ("sim" if is_reference else "real")
    time_scale = parsed.time_scale or 1.0
    if mode == "sim" and time_scale != 1:
        raise BadInput("--time-scale: sim needs none, its time is virtual; add --mode real or leave it out")
    target = find_target(parsed.target, parsed.adapter)
    if mode == "sim" and not is_reference:
        raise BadInput(f"--mode: {target.name} is a process and has no virtual time; leave --mode out")
    target.require()
    return Options(
        mode=mode,
        time_scale=time_scale,
        seed=parsed.seed,
        target=parsed.target,
        adapter=parsed.adapter,
    )


def run_shown(
    chosen: Sequence[Plan], parsed: argparse.Namespace, show: Callable[[Sequence[Run], Terminal], None]
) -> int:
    """Run with progress, write the files, show the result on stdout (stderr when JSON has it); returns the
    exit code.
    """
    from firstbyte.harness.report.progress import Progress  # noqa: PLC0415 - after the options are known to be good
    from firstbyte.harness.report.terminal import terminal_of  # noqa: PLC0415

    stream = sys.stderr if parsed.json == "-" else sys.stdout
    with Progress(len(chosen), terminal_of(sys.stderr, os.environ), _seconds) as progress:
        runs = run_all(chosen, parsed.jobs, lambda run: progress.advance(run.name))
    write_out(runs, parsed)
    if parsed.html is not None:
        _write_page(runs, chosen, parsed)
    show(runs, terminal_of(stream, os.environ))
    return exit_code(runs)


def _seconds() -> float:
    return monotonic_ns() / 1e9


def write_out(runs: Sequence[Run], parsed: argparse.Namespace) -> None:
    """--json and --junit."""
    if parsed.json:
        from firstbyte.harness.report import json_out  # noqa: PLC0415 - only when results are written

        whole = document(tuple(runs), package_version())
        shard = getattr(parsed, "shard", None)
        part = (
            {"shard": dict(zip(("index", "count"), map(int, shard.split("/")), strict=True))} if shard else {}
        )
        json_out.write({**whole, **part}, parsed.json)
    if parsed.junit:
        from firstbyte.harness.report import junit  # noqa: PLC0415

        junit.write(tuple(runs), parsed.junit)


def _write_page(runs: Sequence[Run], chosen: Sequence[Plan], parsed: argparse.Namespace) -> None:
    from firstbyte.harness.files.loader import load_suites  # noqa: PLC0415 - only when a page is written
    from firstbyte.harness.report.site.charts import counts_by_column, findings_by_level  # noqa: PLC0415
    from firstbyte.harness.report.site.runs import Replay, site_of  # noqa: PLC0415

    words = getattr(parsed, "scenario", [])
    page = site_of(
        runs,
        title=f"firstbyte {parsed.command}",
        facts=site.facts(),
        profiles={(plan.scenario.id, plan.edge): plan.profiles for plan in chosen},
        replay=Replay(
            known=frozenset(one.id for suite in load_suites() for one in suite.scenario),
            files=tuple(word for word in words if word.endswith(".toml")),
            settings=tuple(getattr(parsed, "set", [])),
        ),
    )
    site.write(page, parsed.html, [counts_by_column(page), findings_by_level(page)])


def exit_code(runs: Sequence[Run]) -> int:
    """1 when a subject failed, 4 or 3 when a run could not be judged, else 0."""
    outcomes = {run.outcome for run in runs}
    if Outcome.HARNESS_ERROR in outcomes:
        return 4
    if Outcome.SETUP_ERROR in outcomes:
        return 3
    return 1 if Outcome.FAIL in outcomes else 0
