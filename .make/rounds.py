"""Plays every test in rounds, one after the other whatever fails, and sums them up at the end.

Tests that judge by the wall's clock are played after those that don't, and those that keep the machine busy
last. The closing line is the one that pytest would print of all rounds together. Usage:

    rounds.py WORKERS [option of pytest ...]
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

ROUNDS = (
    ("", "", "not clock and not programs and not busy"),
    ("2", "programs", "programs and not clock"),
    ("2", "clock", "clock and not busy"),
    ("2", "busy", "busy"),
)
"""Workers, where they are fewer than asked for; a mark that only a few files have; and the marks."""
TESTS = Path("tests")
PASSED, FAILED, NO_TESTS = 0, 1, 5
"""Exit codes of pytest after which the next round is played; any other ends the session."""
OUTCOMES = {"error": "error", "failure": "failed", "skipped": "skipped"}
"""What JUnit calls the outcome of a test that did not pass, and what pytest calls it, the worst first."""


def main(arguments: Sequence[str]) -> int:
    """Play the rounds; the exit code is pytest's."""
    workers, *options = arguments
    began = time.monotonic()
    counts: Counter[str] = Counter()
    failures: list[str] = []
    codes: list[int] = []
    for most, mark, marks in ROUNDS:
        with tempfile.TemporaryDirectory(prefix="firstbyte-round-") as folder:
            report = Path(folder) / "round.xml"
            command = ["-n", most or workers, "-m", f"{marks} and not soak", f"--junitxml={report}"]
            codes.append(played([*command, *files(mark, options), *options]))
            for case, outcome in outcomes(report):
                counts[outcome] += 1
                failures += [case] if outcome in ("failed", "error") else []
        if codes[-1] not in (PASSED, FAILED, NO_TESTS):
            break
    for case in failures:
        print(f"FAILED {case}")
    print(closing_line(counts, time.monotonic() - began), flush=True)
    return ending(codes)


def files(mark: str, options: Sequence[str]) -> Iterator[Path]:
    """The test files that have the mark, so that the workers need not read all others; none for all files.

    tests/conftest.py refuses a test whose file does not spell its mark out.
    """
    if mark and not any(Path(option.partition("::")[0]).exists() for option in options):
        yield from (path for path in sorted(TESTS.rglob("test_*.py")) if f"mark.{mark}" in path.read_text())


def played(arguments: Sequence[str | Path]) -> int:
    """The exit code of a round; Ctrl-C is pytest's own affair, which ends and says what it played."""
    with subprocess.Popen([sys.executable, "-m", "pytest", *arguments]) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def outcomes(report: Path) -> Iterator[tuple[str, str]]:
    """Each test of a round with passed, skipped, failed or error; none when pytest wrote no report."""
    if not report.exists():
        return
    for case in ET.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & OUTCOMES.keys()
        yield f"{case.get('classname')}::{case.get('name')}", OUTCOMES[min(kinds)] if kinds else "passed"


def ending(codes: Sequence[int]) -> int:
    """The exit code of all rounds: the one that ended them early, else whether a test failed or none ran."""
    early = [code for code in codes if code not in (PASSED, FAILED, NO_TESTS)]
    return early[0] if early else FAILED if FAILED in codes else min(codes)


def closing_line(counts: Counter[str], took_s: float) -> str:
    """As pytest ends a session: `== 1 failed, 2 passed in 3.00s (0:00:03) ==`."""
    order = ("failed", "passed", "skipped", "error")
    text = ", ".join(f"{counts[word]} {word}" for word in order if counts[word]) or "no tests ran"
    return f" {text} in {took_s:.2f}s ({timedelta(seconds=int(took_s))}) ".center(80, "=")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
