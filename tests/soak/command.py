"""`make soak`: `python -m tests.soak.command [PART ...]`. Plays, says how far it is, and what came of it.

Exit codes: 0 nothing failed, 1 something did, 2 your input, 130 interrupted.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.commands.options import count
from firstbyte.harness.model.units import BadDuration, as_seconds, parse_duration
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.report import json_out
from firstbyte.harness.report.terminal import terminal_of
from firstbyte.harness.version import package_version
from tests.soak.outcome import document, exit_code, length, table
from tests.soak.parts import parts
from tests.soak.playing import Soak
from tests.soak.status import Status


def main(words: Sequence[str] | None = None) -> int:
    """Play, show, and write where asked; returns the exit code."""
    options = _parser().parse_args(words)
    # A stop by `kill` ends it as Ctrl-C does: with the table, and nothing left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _played(options)
    except BadInput as error:
        sys.stderr.write(f"soak: {error}\n")
        return 2


def _played(options: argparse.Namespace) -> int:
    made = parts(repeat=options.repeat, workers=options.workers)
    unknown = [name for name in options.part if name not in made]
    if unknown:
        raise BadInput(f"no part '{unknown[0]}'{did_you_mean(unknown[0], made)}")
    chosen = [made[name]() for name in options.part or made]
    if options.rounds:
        chosen = [one.with_rounds(options.rounds) for one in chosen]
    status = Status(terminal_of(sys.stderr, os.environ))
    soak = Soak(chosen, seed=options.seed, limit=options.time, now=_seconds, before=status.say)
    if soak.fits_nothing:
        raise BadInput(f"--time {length(options.time)}: no round is that short; give it more, or other parts")
    soak.play()
    status.end()
    _tell(soak, options.json)
    return exit_code(soak)


def _tell(soak: Soak, json: str | None) -> None:
    # The table is all there is of hours of work: a second Ctrl-C must not lose it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shown = sys.stderr if json == json_out.STANDARD_OUTPUT else sys.stdout
    shown.writelines(f"{line}\n" for line in table(soak))
    shown.flush()
    if json is not None:
        json_out.write(document(soak, package_version()), json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make soak", description="Plays parts again and again, and counts.", allow_abbrev=False
    )
    parser.add_argument("part", nargs="*", help="which (default: all)")
    parser.add_argument(
        "--time", type=_time, metavar="TIME", help="go on for so long, such as 2h (default: all of it once)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of the first round (default: 1)"
    )
    parser.add_argument("--rounds", type=count, metavar="N", help="so many rounds are all of a part")
    parser.add_argument("--repeat", type=count, default=50, metavar="N", help="how often `ui` is played")
    parser.add_argument("--workers", type=count, default=4, metavar="N", help="processes of pytest")
    parser.add_argument("--json", metavar="FILE|-", help="write what came of it as JSON")
    return parser


def _time(text: str) -> float:
    try:
        return as_seconds(parse_duration(text))
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds() -> float:
    return monotonic_ns() / 1e9


if __name__ == "__main__":
    sys.exit(main())
