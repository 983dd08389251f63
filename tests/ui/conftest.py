"""What the browser tests of the two pages share: a server for each worker, and the pages' adapters."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser

from firstbyte.harness.model.units import seconds
from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.sendstate.play import Subject, rehearse
from firstbyte.harness.sendstate.premises import Premises
from firstbyte.proxies.program.arguments import read_upstream
from tests.running import running_server

SHORT = seconds(3)
PAGES = Path("reference_server", "ui")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """UI_ROUNDS=3: each test of the two pages three times, on the browser and the server that are there."""
    rounds = int(os.environ.get("UI_ROUNDS", "1"))
    if rounds > 1 and {"browser", "origin"} <= set(metafunc.fixturenames):
        metafunc.parametrize("ui_round", range(1, rounds + 1), indirect=True)


@pytest.fixture(autouse=True)
def ui_round(request: pytest.FixtureRequest) -> int:
    """Which time it is, from 1."""
    number: int = getattr(request, "param", 1)
    return number


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """A reference server."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def robust(origin: str, root: Path) -> Subject:
    """The page to copy."""
    return _subject(origin, root / PAGES / "robust.toml")


@pytest.fixture(scope="session")
def naive(origin: str, root: Path) -> Subject:
    """The page as it was reported."""
    return _subject(origin, root / PAGES / "naive.toml")


@pytest.fixture(scope="session")
def broken_robust(robust: Subject) -> Subject:
    """The page to copy, for tests that break it: one that never keeps its part is not waited for that long.

    What decides has happened long before: the page's timers are run ahead. `make soak` waits in full.
    """
    return msgspec.structs.replace(robust, patience=SHORT)


@pytest.fixture(scope="session")
def broken_naive(naive: Subject) -> Subject:
    """The page as it was reported, for tests of the rules it breaks."""
    return msgspec.structs.replace(naive, patience=SHORT)


@pytest.fixture(scope="session")
def robust_premises(robust: Subject, browser: Browser) -> Premises:
    """Its adapter fits it; what a test breaks in the page is for the rule to see."""
    return rehearse(robust, browser)


@pytest.fixture(scope="session")
def naive_premises(naive: Subject, browser: Browser) -> Premises:
    """As above."""
    return rehearse(naive, browser)


def _subject(origin: str, adapter: Path) -> Subject:
    return Subject(adapter=load_adapter(adapter), upstream=read_upstream(origin, verify=True))
