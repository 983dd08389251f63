"""docs/hono.md and docs/opencode-16180.md: every command of theirs is typed, on the programs they are about.

Those of some seconds each time. The others take minutes each (all acts, all rules, with a program that is
fetched first), so `make soak` types them; some of their acts and rules are played each time in
tests/harness/targets and tests/ui.
"""

import shlex
from pathlib import Path

import pytest

from firstbyte.harness.problems import MissingTool
from firstbyte.harness.targets.catalogue import find_target
from tests.conftest import lacking
from tests.docs.pages import commands_of
from tests.docs.shell import typed

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/hono.md", "docs/opencode-16180.md")
QUICK = {
    "run act-4 act-4b --target hono-bun-1.4 --time-scale 25": (0, "4 runs: 4 pass"),
    "run act-4 --target hono-bun --time-scale 25": (0, "delivered"),
    "run act-4 --target hono-node --time-scale 25": (1, "500"),
}
"""Exit code and a word of the output."""
LONG = {
    "run hero --target hono-bun --time-scale 25": (0, "act-6a"),
    "reproduce --target opencode@1.18.33": (0, "locked-briefly"),
    "sendstate opencode@1.18.33": (1, "retry-reuses-id"),
}
WITH_NAMES_TO_FILL_IN = {"sendstate opencode@VERSION"}


def on_a_target(words: list[str]) -> bool:
    """Whether a command is played on one of these programs."""
    return any(word.startswith(("hono-", "opencode@")) for word in words)


def require(line: str) -> None:
    """The program that this line is about, or the end of the test."""
    (name,) = [word for word in shlex.split(line) if word.startswith(("hono-", "opencode@"))]
    try:
        find_target(name, "").require()
    except MissingTool as missing:
        lacking(str(missing))


def test_every_command_on_a_target_is_typed_here() -> None:
    found = {shlex.join(words) for page in PAGES for words in commands_of(ROOT / page) if on_a_target(words)}
    assert found == {*QUICK, *LONG, *WITH_NAMES_TO_FILL_IN}


@pytest.mark.parametrize("line", QUICK)
def test_a_command_of_seconds_says_what_its_page_says(line: str, tmp_path: Path) -> None:
    require(line)
    code, word = QUICK[line]
    got, said = typed(f"firstbyte {line}", tmp_path)
    assert got == code, said
    assert word in said


@pytest.mark.soak
@pytest.mark.parametrize("line", LONG)
def test_a_command_of_minutes_says_what_its_page_says(
    line: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if line.startswith("sendstate"):
        request.getfixturevalue("chromium")
    require(line)
    code, word = LONG[line]
    got, said = typed(f"firstbyte {line}", tmp_path, seconds=900)
    assert got == code, said
    assert word in said
