"""Scenario files are test items: named scenario[edge], failing with the picture, refused with one message."""

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("users_plugins")

HELD = """
suite = "mine"
about = "A scenario of a user."
[[scenario]]
id = "held"
claim = "A server must answer in time."
source = "this test, 2026-11-22"
origin = { kind = "server", handler = "HANDLER", model = { delay = "130s" } }
step = [{ do = "send" }]
[scenario.edge.cloudflare-100]
verdict = "delivered"
"""

QUIET = """
import sys

def test_it():
    assert "firstbyte.harness.files.loader" not in sys.modules
"""


def scenario_file(pytester: pytest.Pytester, text: str) -> None:
    (pytester.path / "mine.firstbyte.toml").write_text(text)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")


def test_a_scenario_that_holds_is_a_passed_item(pytester: pytest.Pytester) -> None:
    scenario_file(pytester, HELD.replace("HANDLER", "no-content"))
    result = pytester.runpytest_subprocess("-v")
    result.stdout.fnmatch_lines(["mine.firstbyte.toml::held[[]cloudflare-100[]] PASSED*"])
    result.assert_outcomes(passed=1)


def test_a_scenario_that_fails_shows_claim_difference_and_picture(pytester: pytest.Pytester) -> None:
    scenario_file(pytester, HELD.replace("HANDLER", "stream-withheld"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "claim: A server must answer in time.",
            "verdict: expected delivered, saw phantom-failure",
            "*proxy-read 100s*FIRED",
            "finding  header-withheld (*",
            "cure     *",
            "         more: firstbyte explain header-withheld",
        ]
    )


def test_a_file_with_a_wrong_key_is_one_message(pytester: pytest.Pytester) -> None:
    scenario_file(pytester, HELD.replace("claim =", "clam ="))
    result = pytester.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*unknown key 'clam'; did you mean 'claim'?*"])
    assert "Traceback" not in result.stdout.str()


def test_without_scenario_files_the_plugin_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\ndef test_it():\n    assert 'firstbyte.harness.files.loader' not in sys.modules\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_file_that_check_complains_of_is_one_message_and_plays_nothing(pytester: pytest.Pytester) -> None:
    scenario_file(pytester, HELD.replace("must answer", "answers"))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mine.toml: held: claim: states no obligation; say what must, *"])
