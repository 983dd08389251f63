"""OpenCode itself: some acts of its report each time, all of them on all versions in `make soak`."""

import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from firstbyte.harness.model.result import Run
from firstbyte.harness.problems import MissingTool
from firstbyte.harness.report.picture import render
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.selection import plans, run_all, select
from firstbyte.harness.targets.catalogue import acts_of
from firstbyte.harness.targets.opencode.packages import listed, program_of
from tests.conftest import lacking
from tests.docs.pages import blocks_of
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

SHOWN = "1.18.33"
"""The version in the picture of docs/opencode-16180.md."""
SOME = {"1.2.20": ("idle", "locked-briefly", "message"), "1.18.33": ("idle", "locked-briefly", "command")}


def played(version: str, ids: Sequence[str] = ()) -> dict[str, Run]:
    """The acts with these ids, all if there are none; fetched first if need be."""
    try:
        program_of(version)
    except MissingTool as missing:
        lacking(str(missing))
    acts = acts_of(f"opencode@{version}")
    chosen = [one for one in select([acts.suite]) if not ids or one.id in ids]
    options = Options(mode="real", time_scale=acts.time_scale, target=f"opencode@{version}")
    return {run.scenario: run for run in run_all(list(plans(chosen, (), options)), 1, lambda _: None)}


def differences(runs: dict[str, Run]) -> dict[str, object]:
    """What is not as stated."""
    return {name: run.mismatches or run.problem for name, run in runs.items() if run.outcome != "pass"}


def told(picture: str) -> list[list[str]]:
    """The words of each lane of a picture: real times differ from run to run."""
    lanes = [re.sub(r"\d+(\.\d+)?s", "", line) for line in picture.splitlines()[1:]]
    return [re.findall(r"[\w/-]+", lane) for lane in lanes if lane.strip()]


@pytest.mark.parametrize("version", SOME)
def test_some_acts_show_what_is_stated_for_them(version: str, root: Path) -> None:
    runs = played(version, SOME[version])
    assert differences(runs) == {}
    assert list(runs) == list(SOME[version])
    assert {run.versions["opencode"] for run in runs.values()} == {version}
    hindered = [
        event.data["what"] for event in runs["locked-briefly"].timeline.events if event.kind == "hindered"
    ]
    assert hindered == ["database locked"]
    if version == SHOWN:
        (picture,) = blocks_of(root / "docs" / "opencode-16180.md")
        drawn = render(runs["locked-briefly"], width=80, colour=False)
        assert told(picture.text) == told(drawn)


def test_half_a_header_is_seen_where_the_version_sends_one() -> None:
    findings = played("1.2.20", ["message"])["message"].findings
    assert "partial-header" in findings
    assert "header-withheld" not in findings


@pytest.mark.soak
@pytest.mark.parametrize("version", list(listed()))
def test_all_acts_show_what_is_stated_for_them(version: str) -> None:
    assert differences(played(version)) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "kill -9"])
def test_nothing_is_left_of_it_not_even_the_shell_it_runs(number: int, tmp_path: Path, root: Path) -> None:
    program = played_program("1.2.20")
    head, *acts = Path(acts_of("opencode@1.2.20").suite).read_text().split("[[scenario]]")
    shell = next(one for one in acts if 'id = "shell"' in one)
    suite = tmp_path / "shell.toml"
    # it would sleep for a quarter of an hour
    suite.write_text(f"{head}[[scenario]]{shell.replace('200s', '80000s')}")
    words = ("run", str(suite), "--target", "opencode@1.2.20", "--time-scale", "80")
    with Session(tmp_path / "t", *words) as session:
        until(lambda: "sleep 1000" in commands_below(tmp_path / "t"), "its shell to run")
        session.signal(number)
        session.end()
        until(lambda: not commands_below(tmp_path / "t"), "everything to end")
        until(lambda: not list((tmp_path / "t").iterdir()), "its folders to go")
    assert program.exists()


def played_program(version: str) -> Path:
    """The program, or the end of the test."""
    try:
        return program_of(version)
    except MissingTool as missing:
        lacking(str(missing))


def commands_below(folder: Path) -> set[str]:
    """The command lines of all processes that work in this folder or have it in their environment."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            here = os.readlink(process / "cwd").startswith(str(folder))
            its = str(folder).encode() in (process / "environ").read_bytes()
            if here or its:
                found.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
        except OSError:  # it has ended, or is another user's
            continue
    return found - {""}
