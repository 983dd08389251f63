"""What a user's failing tests print and write holds no secret: fixtures, scenario items, JUnit XML."""

from json import dumps

import pytest

from firstbyte.harness import redact
from tests.security.planted import CONFIGURED, QUERY, SENT, leaks, planted_server

pytest_plugins = ["pytester"]
pytestmark = [pytest.mark.real, pytest.mark.usefixtures("users_plugins")]

#: pytest shows the lines of a failing test: so its secrets come from the environment.
TESTS = """
import json, os, urllib.request

def planted(name):
    return os.environ["PLANTED_" + name]

def test_of_an_edge_that_can_not_start(edge):
    edge("http://user:" + planted("WORD") + "@127.0.0.1:1/")

def test_of_an_unknown_profile(edge):
    edge(planted("URL"), profile="https://a:" + planted("WORD") + "@b/")

def test_of_a_ledger_that_does_not_answer(ledger, assert_delivered_once):
    assert_delivered_once("a", 200, ledger(planted("NOWHERE")))

def test_of_a_client_that_got_an_exception(assert_delivered_once):
    assert_delivered_once("a", OSError("no answer from " + planted("NOWHERE")), lambda: [])

def test_of_a_timeline(edge):
    started = edge(planted("URL"))
    started.expire()
    request = urllib.request.Request(started.url + planted("PATH"), headers=json.loads(planted("HEADERS")))
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError:
        pass
    assert not started.timeline, started.fired
"""
SCENARIO = """
suite = "mine"
about = "A scenario of a user."
[[scenario]]
id = "held"
claim = "A server must take api_key=PLANTED-0061 and account=PLANTED-0062."
source = "this test, 2026-11-27"
origin = { kind = "server", handler = "stream-withheld", model = { delay = "130s" } }
step = [{ do = "send" }]
[scenario.edge.cloudflare-100]
verdict = "delivered"
"""


def test_no_secret_is_in_what_failing_tests_print_or_write(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(TESTS)
    (pytester.path / "mine.firstbyte.toml").write_text(SCENARIO)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.setenv(redact.VARIABLE, CONFIGURED)
    monkeypatch.setenv("PLANTED_WORD", "PLANTED-0051")
    monkeypatch.setenv("PLANTED_NOWHERE", f"http://user:PLANTED-0052@127.0.0.1:1/x?{QUERY}")
    monkeypatch.setenv("PLANTED_PATH", f"/x?{QUERY}")
    monkeypatch.setenv("PLANTED_HEADERS", dumps(SENT))
    with planted_server() as address:
        monkeypatch.setenv("PLANTED_URL", f"http://{address}")
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--junit-xml", "out/junit.xml")
    result.assert_outcomes(failed=6)
    assert leaks(pytester.path / "out", result.stdout.str(), result.stderr.str()) == []
    assert redact.MASK in (pytester.path / "out" / "junit.xml").read_text()
