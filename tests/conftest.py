"""Shared by all tests: checks for the tools that a machine may lack.

A missing tool fails the test in CI and skips it elsewhere. No test passes because a tool is missing.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Never

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

from tests.soak.order import ORDER
from tests.users_pytest import ENVIRONMENT

_LEFT = pytest.StashKey[asyncio.AbstractEventLoop | None]()
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """The order of the suite in real mode is another in each run, and the same in all workers of one."""
    os.environ.setdefault(ORDER, str(secrets.randbelow(10_000)))


def lacking(what: str) -> Never:
    """Ends the test for want of a tool; `what` says which, and what to do."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {what}", pytrace=False)
    pytest.skip(what)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that drive a page run last: Playwright leaves a running event loop behind."""
    check_that_marks_are_spelt_out(items)
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


def check_that_marks_are_spelt_out(items: Iterable[pytest.Item]) -> None:
    """`make test` reads in the rounds after the first only the files that spell out the round's mark."""
    for mark in ("programs", "clock", "busy"):
        for path in {item.path for item in items if item.get_closest_marker(mark)}:
            if f"mark.{mark}" not in path.read_text(encoding="utf-8"):
                raise pytest.UsageError(
                    f"{path}: say pytest.mark.{mark} in this file; `make test` looks for it"
                )


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc] # what has no types is Any
    """Tests whose ids end with the same `@group` go to one worker: they share what they waited for."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rpartition("@")[2] if "@" in nodeid.rpartition("[")[2] else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling | None:
    """In place of `--dist loadgroup`, whose marks pytest 9 hides from xdist. A round without `clock` groups
    nothing: xdist's own scheduling goes on when a worker has crashed.
    """
    return GroupScheduling(config, log) if "not clock" not in config.getoption("markexpr") else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Neither a test without a page nor its fixtures see the running loop that Playwright left in its worker.

    `own_loop` gives it back; where the set-up has failed before that, this does.
    """
    left = asyncio._get_running_loop()
    hides = left is not None and "playwright" not in getattr(item, "fixturenames", ())
    item.stash[_LEFT] = left if hides else None
    if hides:
        asyncio._set_running_loop(None)
    try:
        return (yield)
    except BaseException:
        _give_back(item)
        raise


@pytest.fixture(autouse=True)
def own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """The first fixture of every test, and so the last to be undone."""
    yield
    _give_back(request.node)


def _give_back(item: pytest.Item) -> None:
    left, item.stash[_LEFT] = item.stash[_LEFT], None
    if left is not None:
        asyncio._set_running_loop(left)


@pytest.fixture
def users_plugins(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that `pytester` starts has the plugins of a user's project."""
    for key, value in ENVIRONMENT.items():
        monkeypatch.setenv(key, value)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of the Chromium that `make setup` found."""
    found = ROOT / ".cache" / "chromium"
    path = os.environ.get("FIRSTBYTE_CHROMIUM") or (found.read_text() if found.exists() else "")
    if not path or not Path(path).exists():
        lacking("no Chromium; run `make browser`")
    return Path(path)


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: Path) -> dict[str, object]:
    """Tells pytest-playwright which browser to start, and to leave the network of this machine alone."""
    quiet = ("background-networking", "component-update", "sync", "quic", "gpu")
    return {"executable_path": chromium, "args": ["--no-sandbox", *(f"--disable-{name}" for name in quiet)]}


@pytest.fixture(scope="session")
def node() -> Path:
    """Path of Node."""
    path = shutil.which("node")
    if not path:
        lacking("no Node; install Node 20 or newer, then run `make setup`")
    return Path(path)


@pytest.fixture(scope="session")
def sdk(node: Path) -> Path:
    """The folder with the published client library, for scripts that Node runs there."""
    folder = ROOT / "tests" / "sdk"
    if not (folder / "node_modules" / "firstbyte.stamp").exists():
        lacking("the client library is not installed in tests/sdk; run `make setup`")
    return folder
