"""A part that is tests: one pytest run is a round of it.

A test may say by `record_property` what it played: "cases" (how many; else it is one), and their "seed".
"""

import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from tests.soak.part import Failure, Round
from tests.soak.processes import Ended, run

HANG_SECONDS = 3_600
"""A million inputs in one test are no hang; the hour is for what hangs all the same."""
OVER = (0, 1)
"""pytest's exit codes of a run that came to its end."""
SHOWN = 2_000


class PytestPart(msgspec.Struct, frozen=True, kw_only=True):
    """words: what pytest is given. more: what is added to its environment. seeded_by: the name under which
    the seed of a round is added to it; '' for tests that draw nothing.
    """

    words: tuple[str, ...]
    more: Mapping[str, str] = {}
    seeded_by: str = ""

    def play(self, seed: int) -> Round:
        """One run of pytest."""
        more = {**self.more, **({self.seeded_by: str(seed)} if self.seeded_by else {})}
        with tempfile.TemporaryDirectory(prefix="firstbyte-soak-") as folder:
            report = Path(folder) / "report.xml"
            where = [f"--junitxml={report}", f"--basetemp={folder}/tmp"]
            ended = run([*_pytest(), *where, *self.words], more)
            read = _read(report, seed, more) if report.exists() else Round()
        failures = (*read.failures, *_other(ended, read, _line(more, self.words), seed))
        return msgspec.structs.replace(read, failures=failures)


def _pytest() -> list[str]:
    options = ["-q", "-p", "no:cacheprovider", "-o", f"faulthandler_timeout={HANG_SECONDS}"]
    options += ["-o", "junit_family=xunit1"]  # the one that names a test's file
    return [sys.executable, "-m", "pytest", *options]


def _line(more: Mapping[str, str], words: Sequence[str]) -> str:
    return shlex.join([*(f"{name}={value}" for name, value in more.items()), ".venv/bin/pytest", *words])


def _other(ended: Ended, read: Round, again: str, seed: int) -> list[Failure]:
    """What went wrong outside of the tests: a run that broke off, or one that had nothing to play."""
    if ended.code in OVER and (read.cases or read.skipped):
        return []
    what = f"pytest ended with {ended.code}: {ended.said.strip()[-SHOWN:]}"
    return [Failure(what=what, seed=seed, replay=again)]


def _read(report: Path, seed: int, more: Mapping[str, str]) -> Round:
    cases, failures, skipped = 0, list[Failure](), list[str]()
    for case in ElementTree.parse(report).iter("testcase"):
        said = {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
        name = f"{case.get('file', '')}::{case.get('name', '')}"
        for wrong in (*case.findall("failure"), *case.findall("error")):
            text = (wrong.text or wrong.get("message") or "").strip()[-SHOWN:]
            again = _line(more, ["-m", "soak or not soak", name])
            failures.append(Failure(what=f"{name}: {text}", seed=int(said.get("seed", seed)), replay=again))
        if (skip := case.find("skipped")) is not None:
            skipped.append(skip.get("message", ""))
        else:
            cases += int(said.get("cases", 1))
    return Round(cases=cases, failures=tuple(failures), skipped=tuple(skipped))
