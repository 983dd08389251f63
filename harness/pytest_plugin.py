"""The pytest plugin: options, marker, fixtures, and scenario files as tests.

It collects `*.firstbyte.toml` files anywhere, and the scenarios that come with firstbyte where those are
among the test paths. pytest imports it in every run, so importing it must cost next to nothing: everything
else is imported when it is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firstbyte.harness.plugin.edge import EdgeFactory
    from firstbyte.harness.plugin.origin import OriginFactory
    from firstbyte.harness.plugin.round import Round
    from firstbyte.harness.plugin.send_page import SendPageFactory
    from firstbyte.harness.plugin.settings import ProjectSettings
    from firstbyte.harness.plugin.simulation import SimRunner
    from firstbyte.harness.plugin.truth import OriginLedger

_SETTINGS = pytest.StashKey["ProjectSettings"]()
_ROUND: pytest.StashKey[Round] = pytest.StashKey()
SUFFIX = ".firstbyte.toml"
NO_PAGE = "there is no pytest-playwright, whose `page` it stands on; run `pip install pytest-playwright`"
MARK = (
    'firstbyte(faults="all", truth="", belief="status", within=1.0): runs behind every edge of '
    "--firstbyte-edge, through the `edge` fixture. faults: play it once more for each request x each of "
    "cut-header, cut-body, resend, mutate (or name some of them); its own asserts, no phantom failure and no "
    "duplicate decide. truth: a fixture that knows the intents the server has (default: what the `ledger` "
    "fixture was given). belief: 'careful' for a client that says 'unknown' of a gateway's error. within: "
    "seconds for the truth to settle"
)
OWN = Path(__file__).resolve().parent.parent / "scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    """--firstbyte-edge, --firstbyte-fault, --firstbyte-seed."""
    group = parser.getgroup("firstbyte", "tests behind edges with deadlines")
    group.addoption(
        "--firstbyte-edge",
        action="append",
        default=[],
        metavar="NAME",
        help="run tests marked `firstbyte` that use the `edge` fixture behind this edge, or chain NAME,NAME; "
        "repeatable. `firstbyte list edges` shows them; [tool.firstbyte] edges = [...] sets the default",
    )
    group.addoption(
        "--firstbyte-fault",
        default="",
        metavar="REQUEST:FAULT",
        help='of tests marked `firstbyte(faults="all")`, play the round without a fault and this one alone: '
        "2:cut-body, say; there are cut-header, cut-body, resend and mutate",
    )
    group.addoption(
        "--firstbyte-seed",
        type=int,
        default=0,
        metavar="N",
        help="where cut-body cuts (default: 0); a failure names the seed it had",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and read which names are secret."""
    if "FIRSTBYTE_REDACT" in os.environ:
        from firstbyte.harness import redact  # noqa: PLC0415 - a plugin is imported in every run

        redact.configure(os.environ)
    config.addinivalue_line("markers", MARK)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once behind each edge."""
    if "edge" in metafunc.fixturenames and metafunc.definition.get_closest_marker("firstbyte"):
        from firstbyte.harness.plugin.settings import edges_of  # noqa: PLC0415 - only for marked tests
        from firstbyte.harness.problems import BadInput  # noqa: PLC0415

        try:
            names = edges_of(_settings(metafunc.config), metafunc.config.getoption("--firstbyte-edge"))
        except BadInput as error:
            raise pytest.UsageError(str(error)) from error
        metafunc.parametrize("edge", names, indirect=True)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Play a test that is marked with faults in rounds."""
    mark = item.get_closest_marker("firstbyte")
    if mark is None or "faults" not in mark.kwargs or not isinstance(item, pytest.Function):
        return None
    from firstbyte.harness.plugin.enumeration import run_item  # noqa: PLC0415 - only for marked tests

    run_item(item, nextitem, mark.kwargs, _ROUND)
    return True


def _settings(config: pytest.Config) -> ProjectSettings:
    """The settings of the project, read once."""
    from firstbyte.harness.plugin.settings import read_settings  # noqa: PLC0415 - only when asked for

    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = read_settings(config.rootpath)
    return config.stash[_SETTINGS]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario files."""
    if file_path.name.endswith(SUFFIX) or (file_path.suffix == ".toml" and file_path.resolve().parent == OWN):
        from firstbyte.harness.plugin.scenario_item import ScenarioFile  # noqa: PLC0415 - only for scenario files

        collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
        return collector
    return None


@pytest.fixture
def edge(request: pytest.FixtureRequest) -> Iterator[EdgeFactory]:
    """`edge(upstream, profile="cloudflare")`: an emulated edge in front of a server of yours.

    `.url` is for the client, `.expire()` fires its deadline; `.held()`, `.timeline`, `.fired`: what it saw.
    """
    from firstbyte.harness.plugin.edge import EdgeFactory  # noqa: PLC0415 - only when asked for

    profile = getattr(request, "param", "") or _settings(request.config).profile
    playing = request.node.stash.get(_ROUND, None)
    if playing is None:
        factory = EdgeFactory(profile, lambda: os.environ)
    else:
        factory = EdgeFactory(profile, lambda: os.environ, playing.pool, playing.joined)
    yield factory
    factory.close()


@pytest.fixture
def origin() -> Iterator[OriginFactory]:
    """`origin(shape="silent")` plays a wire shape, `origin(app=application)` runs an ASGI application."""
    from firstbyte.harness.plugin.origin import OriginFactory  # noqa: PLC0415 - only when asked for

    factory = OriginFactory()
    yield factory
    factory.close()


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Callable[..., OriginLedger]:
    """`ledger(probe)`: what the server has; a function that returns the intents, or a URL and a JSON path."""
    from firstbyte.harness.plugin.truth import ledger  # noqa: PLC0415 - only when asked for

    playing = request.node.stash.get(_ROUND, None)
    return ledger if playing is None else playing.watching(ledger)


@pytest.fixture
def assert_delivered_once() -> Callable[..., None]:
    """`assert_delivered_once(intent, told, truth)`: the client was told ok, and the server has it once."""
    from firstbyte.harness.plugin.truth import assert_delivered_once  # noqa: PLC0415 - only when asked for

    return assert_delivered_once


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> SimRunner:
    """`sim(app, play)`: `async def play(world)` with the application, an edge and httpx, in virtual time."""
    from firstbyte.harness.plugin.program import require_edge  # noqa: PLC0415 - only when asked for

    require_edge("sim")
    from firstbyte.harness.plugin.simulation import SimRunner  # noqa: PLC0415 - mitmproxy

    playing = request.node.stash.get(_ROUND, None)
    return SimRunner(_settings(request.config).profile, None if playing is None else playing.joined)


@pytest.fixture
def send_page(request: pytest.FixtureRequest) -> Iterator[SendPageFactory]:
    """`send_page(url, adapter)`: pytest-playwright's `page` behind a held edge.

    `.check(RULE)` plays a rule of the send-state contract; its verbs (`open`, `send`, `given_up`, `settle`,
    `sent` ...) are for tests of your own.
    """
    if not request.config.pluginmanager.hasplugin("playwright"):
        pytest.fail(f"send_page: {NO_PAGE}", pytrace=False)
    page = request.getfixturevalue("page")
    from firstbyte.harness.plugin.send_page import SendPageFactory  # noqa: PLC0415 - mitmproxy and Playwright

    # Beside what pytest-playwright keeps of the same test.
    factory = SendPageFactory(page, Path(request.getfixturevalue("output_path")))
    yield factory
    factory.close()
