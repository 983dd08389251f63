"""The pytest plugin: options, marker, fixtures, and scenario files as tests.

It collects `*.firstbyte.toml` files anywhere, and the scenarios that come with firstbyte where those are
among the test paths. pytest imports it in every run, so importing it must cost next to nothing: everything
else is imported when it is used.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from firstbyte.harness.plugin.edge import EdgeFactory
    from firstbyte.harness.plugin.mark import MarkedTest, PlayedEdge
    from firstbyte.harness.plugin.origin import OriginFactory
    from firstbyte.harness.plugin.round import Round
    from firstbyte.harness.plugin.send_page import SendPageFactory
    from firstbyte.harness.plugin.settings import ProjectSettings
    from firstbyte.harness.plugin.simulation import SimRunner
    from firstbyte.harness.plugin.truth import OriginLedger

_SETTINGS = pytest.StashKey["ProjectSettings"]()
_ROUND: pytest.StashKey[Round] = pytest.StashKey()
_MARKED: pytest.StashKey[MarkedTest] = pytest.StashKey()
_MISSING: pytest.StashKey[str] = pytest.StashKey()
NAME = "firstbyte"
EDGE = "_firstbyte_edge"
SUFFIX = ".firstbyte.toml"
NO_PAGE = "there is no pytest-playwright, whose `page` it stands on; run `pip install pytest-playwright`"
MARK = (
    'firstbyte(faults="all", requests="*", truth="", belief="status", within=1.0): runs behind every edge of '
    "--firstbyte-edge, through `edge` or `sim`. faults: play it once more for each request x each of "
    "cut-header, cut-body, resend, mutate (or name some of them); its own asserts, no phantom failure and no "
    'duplicate decide. requests: which of them, such as "POST *". truth: a fixture that knows the '
    "intents the server has (default: what the `ledger` fixture was given). "
    "belief: 'careful' for a client that says 'unknown' of a gateway's error. within: "
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
        help="run tests marked `firstbyte` behind this edge (through `edge` or `sim`), or chain NAME,NAME; "
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
    if EDGE in metafunc.fixturenames and metafunc.definition.get_closest_marker(NAME):
        metafunc.parametrize(EDGE, _edges(metafunc.config), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse marks that are not understood, of functions, classes and modules alike."""
    report = yield
    items = [item for item in report.result or () if isinstance(item, pytest.Function)]
    problems = dict.fromkeys(filter(None, map(_mark_problem, items)))
    if problems:
        report.outcome, report.longrepr, report.result = "failed", "\n".join(problems), []
    return report


def _mark_problem(item: pytest.Function) -> str:
    """What is wrong with the marks of a test, '' = nothing."""
    for mark in item.iter_markers(NAME):
        from firstbyte.harness.plugin.mark import read_mark  # noqa: PLC0415 - only for marked tests
        from firstbyte.harness.problems import BadInput  # noqa: PLC0415

        try:
            read_mark(mark.args, mark.kwargs)
        except BadInput as error:
            return f"{item.nodeid.partition('[')[0]}: {error}"
    return ""


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Play a test that is marked with faults in rounds."""
    mark = item.get_closest_marker(NAME)
    if mark is None or "faults" not in mark.kwargs or not isinstance(item, pytest.Function):
        return None
    from firstbyte.harness.plugin.enumeration import run_item  # noqa: PLC0415 - only for marked tests
    from firstbyte.harness.plugin.mark import read_mark  # noqa: PLC0415

    run_item(item, nextitem, read_mark(mark.args, mark.kwargs), _ROUND)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Ask of a marked test that has passed whether it has played anything, while its edges are up."""
    report = yield
    is_marked = item.get_closest_marker(NAME) is not None and isinstance(item, pytest.Function)
    if is_marked and call.when == "call" and report.passed and _ROUND not in item.stash:
        from firstbyte.harness.plugin.mark import missing  # noqa: PLC0415 - only for marked tests

        test = item.stash.get(_MARKED, None)
        item.stash[_MISSING] = missing("", ()) if test is None else test.missing()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """A marked test that has passed and played nothing is an error."""
    yield
    reason = item.stash.get(_MISSING, "")
    if reason:
        item.stash[_MISSING] = ""
        pytest.fail(f"firstbyte: {reason}", pytrace=False)


def _edges(config: pytest.Config) -> tuple[str, ...]:
    """The edges behind which marked tests run."""
    from firstbyte.harness.plugin.settings import edges_of  # noqa: PLC0415 - only for marked tests
    from firstbyte.harness.problems import BadInput  # noqa: PLC0415

    try:
        return edges_of(_settings(config), config.getoption("--firstbyte-edge"))
    except BadInput as error:
        raise pytest.UsageError(str(error)) from error


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
def _firstbyte_edge(request: pytest.FixtureRequest) -> str:
    """The edge that `edge` and `sim` make where the test names none: of a marked test, the one in its id."""
    if not request.node.get_closest_marker(NAME):
        return _settings(request.config).profile
    from firstbyte.harness.plugin.mark import MarkedTest, edge_of  # noqa: PLC0415 - only for marked tests

    profile: str = getattr(request, "param", "") or edge_of(_edges(request.config))
    if _ROUND in request.node.stash:
        request.node.stash[_ROUND].profile = profile
    else:
        request.node.stash[_MARKED] = MarkedTest(profile)
    return profile


def _ignored(_edge: PlayedEdge) -> None:
    """What becomes of the edges of a test that is not marked."""


@pytest.fixture
def edge(request: pytest.FixtureRequest, _firstbyte_edge: str) -> Iterator[EdgeFactory]:
    """`edge(upstream, profile="cloudflare")`: an emulated edge in front of a server of yours.

    `.url` is for the client, `.expire()` fires its deadline; `.held()`, `.timeline`, `.fired`: what it saw.
    """
    from firstbyte.harness.plugin.edge import EdgeFactory  # noqa: PLC0415 - only when asked for

    playing, test = request.node.stash.get(_ROUND, None), request.node.stash.get(_MARKED, None)
    if playing is not None:
        factory = EdgeFactory(_firstbyte_edge, lambda: os.environ, playing.pool, playing.joined)
    else:
        joined = _ignored if test is None else test.joined
        factory = EdgeFactory(_firstbyte_edge, lambda: os.environ, on_start=joined)
    yield factory
    factory.close()


@pytest.fixture
def origin() -> Iterator[OriginFactory]:
    """`origin(shape="silent")` plays a wire shape, `origin(app=application)` runs an application."""
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
def assert_delivered_once(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`assert_delivered_once(intent, told, truth)`: the client was told ok, and the server has it once.

    It waits until the truth is stable: up to 10 s (`within=`) for a first effect, and a second without a
    change. After `sim` it does not wait: the application is at rest.
    """
    from firstbyte.harness.plugin.truth import assert_delivered_once  # noqa: PLC0415 - only when asked for

    names = request.fixturenames
    if "sim" in names and "edge" not in names and "origin" not in names:
        return partial(assert_delivered_once, within=0)
    return assert_delivered_once


@pytest.fixture
def sim(request: pytest.FixtureRequest, _firstbyte_edge: str) -> SimRunner:
    """`sim(app, play)`: `async def play(world)` with the application, an edge and httpx, in virtual time."""
    from firstbyte.harness.plugin.program import require_edge  # noqa: PLC0415 - only when asked for

    require_edge("sim")
    from firstbyte.harness.plugin.simulation import SimRunner  # noqa: PLC0415 - mitmproxy

    playing, test = request.node.stash.get(_ROUND, None), request.node.stash.get(_MARKED, None)
    if playing is not None:
        return SimRunner(_firstbyte_edge, playing.joined, ordered=True)
    return SimRunner(_firstbyte_edge, _ignored if test is None else test.joined)


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
