"""The mark `firstbyte`: what is not understood, and what has played nothing, is an error and never a pass."""

import subprocess
from pathlib import Path

import pytest

from firstbyte.harness.plugin.mark import Marked, edge_of, missing, read_mark
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.rules.orders import FAULTS, Action
from tests.users_pytest import run_pytest

HEAD = """
import unittest
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def order(_request):
    return Response(status_code=204)


app = Starlette(routes=[Route("/", order, methods=["GET", "POST"])])


async def post(world):
    assert (await world.client.post("/")).status_code == 204
    return world
"""
SIM = """
@pytest.mark.firstbyte
def test_it(sim):
    sim(app, post)
"""


def run(folder: Path, tests: str, *words: str) -> subprocess.CompletedProcess[str]:
    """pytest in a project of its own."""
    (folder / "test_it.py").write_text(HEAD + tests)
    return run_pytest(folder, "-rA", *words)


@pytest.mark.parametrize(
    ("words", "keywords", "cure"),
    [
        (("all",), {}, "takes keywords only, and was given 'all'; write faults='all'"),
        ((), {"fault": "all"}, "takes no 'fault'; did you mean 'faults'?"),
        ((), {"faults": "all", "thruth": "truth"}, "takes no 'thruth'; did you mean 'truth'?"),
        ((), {"edges": "nope"}, "takes no 'edges'; name edges with --firstbyte-edge"),
        ((), {"faults": "cut-heder"}, "no fault 'cut-heder'; did you mean 'cut-header'?"),
        ((), {"faults": []}, 'faults=\\[\\]: write "all", or some of'),
        ((), {"truth": "truth"}, "'truth' is of rounds with faults; write faults=\"all\" too"),
        ((), {"faults": "all", "belief": "blind"}, "the mark `firstbyte`: .*blind"),
        ((), {"faults": "all", "within": "soon"}, "the mark `firstbyte`: .*within"),
    ],
)
def test_a_mark_that_is_not_understood_is_refused_with_its_cure(
    words: tuple[object, ...], keywords: dict[str, object], cure: str
) -> None:
    with pytest.raises(BadInput, match=cure):
        read_mark(words, keywords)


def test_what_a_mark_says_is_read() -> None:
    assert read_mark((), {}) == Marked()
    assert read_mark((), {"faults": "all", "truth": "orders"}) == Marked(faults=FAULTS, truth="orders")
    assert read_mark((), {"faults": "resend"}).faults == (Action.RESEND,)


@pytest.mark.parametrize(
    ("profile", "played", "reason"),
    [
        ("nginx", ["nginx"], ""),
        ("nginx", ["heroku", "nginx"], ""),
        ("nginx", [], "it has tested nothing"),
        ("nginx", ["heroku", "heroku"], "should run behind nginx, and has played behind heroku only"),
    ],
)
def test_a_test_shows_something_of_the_edge_that_it_played(
    profile: str, played: list[str], reason: str
) -> None:
    assert (reason in missing(profile, played)) if reason else not missing(profile, played)


def test_what_cannot_be_run_once_for_each_edge_runs_behind_one() -> None:
    assert edge_of(["nginx"]) == "nginx"
    with pytest.raises(BadInput, match="should run behind nginx, heroku; a test of unittest"):
        edge_of(["nginx", "heroku"])


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("mark", ["edges='nope'", "'all'"])
def test_pytest_ends_at_collection_for_functions_and_classes(tmp_path: Path, mark: str) -> None:
    (tmp_path / "test_class.py").write_text(
        f"{HEAD}\n\nclass TestCase(unittest.TestCase):\n"
        f"    @pytest.mark.firstbyte({mark})\n    def test_method(self):\n        pass\n"
    )
    done = run(tmp_path, f"@pytest.mark.firstbyte({mark})\ndef test_function(sim):\n    sim(app, post)\n")
    assert done.returncode == 2, done.stdout
    assert "test_it.py::test_function: the mark `firstbyte` takes" in done.stdout
    assert "test_class.py::TestCase::test_method: the mark `firstbyte` takes" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.real
@pytest.mark.slow
def test_a_sim_test_runs_behind_each_edge_of_the_command_line(tmp_path: Path) -> None:
    done = run(tmp_path, SIM, "--firstbyte-edge=heroku", "--firstbyte-edge=nginx")
    assert done.returncode == 0, done.stdout
    assert "PASSED test_it.py::test_it[heroku]" in done.stdout
    assert "PASSED test_it.py::test_it[nginx]" in done.stdout


@pytest.mark.real
@pytest.mark.slow
def test_an_edge_that_does_not_exist_is_an_error_for_a_sim_test(tmp_path: Path) -> None:
    done = run(tmp_path, SIM, "--firstbyte-edge=herokku")
    assert done.returncode != 0
    assert "no edge 'herokku'; did you mean 'heroku'?" in done.stdout + done.stderr


NOTHING = """
@pytest.mark.firstbyte
def test_no_edge():
    pass

@pytest.mark.firstbyte
def test_no_request(edge, origin):
    edge(origin(shape="204-bare").url)

@pytest.mark.firstbyte
def test_past_the_edge(sim):
    async def play(world):
        assert (await world.direct.post("/")).status_code == 204
    sim(app, play)

@pytest.mark.firstbyte
def test_another_edge(sim):
    sim(app, post, "heroku")

@pytest.mark.firstbyte(faults="resend", requests="PUT *")
def test_no_such_request(sim):
    sim(app, post)

@pytest.mark.firstbyte(faults="resend")
def test_another_edge_in_rounds(sim):
    sim(app, post, "heroku")

@pytest.mark.firstbyte
class TestMarkedClass:
    def test_nothing(self):
        pass

class TestCase(unittest.TestCase):
    @pytest.mark.firstbyte
    def test_in_unittest(self):
        pass
"""
SOMETHING = """
@pytest.mark.firstbyte
def test_by_the_clock(edge, origin):
    front = edge(origin(shape="204-bare").url, time_scale=1)
    urllib.request.urlopen(front.url)

@pytest.mark.firstbyte
def test_stopped(edge, origin):
    front = edge(origin(shape="204-bare").url)
    urllib.request.urlopen(front.url)
    front.stop()

@pytest.mark.firstbyte
@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.firstbyte
def test_skips_itself():
    pytest.skip()

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _sim(self, sim):
        self.sim = sim

    @pytest.mark.firstbyte
    def test_in_unittest(self):
        self.sim(app, post)
"""


@pytest.mark.real
@pytest.mark.slow
def test_a_marked_test_that_played_nothing_through_its_edge_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path, NOTHING)
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR test_it.py")]
    assert len(errors) == NOTHING.count("    def test_") + NOTHING.count("\ndef test_"), done.stdout
    assert "should run behind cloudflare, and has played behind heroku only" in done.stdout
    assert "requests='PUT *': no request of it fits; it sent POST /" in done.stdout
    assert "no request of it has come through an edge: it has tested nothing" in done.stdout


@pytest.mark.real
@pytest.mark.slow
def test_a_marked_test_that_played_or_was_skipped_is_none(tmp_path: Path) -> None:
    done = run(tmp_path, SOMETHING)
    assert done.returncode == 0, done.stdout
    assert "3 passed, 2 skipped" in done.stdout
