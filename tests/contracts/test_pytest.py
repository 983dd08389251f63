"""What the plugin takes from pytest to play one test in rounds."""

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest.runner import call_and_report

from tests.contracts.private_names import holds

pytest_plugins = ["pytester"]

PLAYED_TWICE = """
    import pytest
    from _pytest.runner import call_and_report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        for _ in range(2):
            item._initrequest()
            item._report_sections.clear()
            for name in ("_obj", "_instance"):
                item.__dict__.pop(name, None)
            reports = [call_and_report(item, when, log=False) for when in ("setup", "call")]
            assert reports[1].passed, reports[1].longreprtext
            assert item._request.getfixturevalue("number") == item.funcargs["number"]
            reports.append(call_and_report(item, "teardown", log=False, nextitem=item.parent))
        call = pytest.CallInfo.from_call(
            lambda: item.session._setupstate.teardown_exact(nextitem), when="teardown"
        )
        assert call.excinfo is None
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""


@holds("_initrequest", "_request", "_report_sections", "_obj", "_instance", "_setupstate")
@holds("_pytest.runner.call_and_report")
@pytest.mark.usefixtures("users_plugins")
def test_an_item_can_be_played_twice_with_fixtures_and_instance_anew(pytester: pytest.Pytester) -> None:
    assert callable(call_and_report)
    pytester.makeconftest(PLAYED_TWICE)
    pytester.makepyfile(
        """
        import pytest

        made, ended, seen = [], [], []

        @pytest.fixture
        def number():
            made.append(1)
            yield len(made)
            ended.append(1)

        @pytest.fixture(scope="module", autouse=True)
        def wide():
            yield
            assert (len(made), len(ended), len({id(one) for one in seen})) == (2, 2, 2)
            print("torn down once")

        class TestIt:
            def test_it(self, number):
                assert number == len(seen) + 1
                assert not hasattr(self, "played")
                self.played = True
                seen.append(self)
                print(f"round {number}")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["round 2"])
    result.stdout.no_fnmatch_line("round 1")


@holds("_pytest._code.code.ReprEntryNative", "_pytest._code.code.ReprExceptionInfo")
@holds("_pytest._code.code.ReprFileLocation", "_pytest._code.code.ReprTraceback")
def test_a_failure_made_by_hand_is_shown_with_its_place_and_travels_as_data() -> None:
    shown = ReprExceptionInfo(
        reprtraceback=ReprTraceback([ReprEntryNative(["what happened\n"])], None, "native"),
        reprcrash=ReprFileLocation("test_it.py", 3, "in short"),
    )
    report = pytest.TestReport(
        nodeid="test_it.py::test_it", location=("test_it.py", 2, "test_it"), keywords={}, outcome="failed",
        longrepr=shown, when="call",
    )  # fmt: skip
    assert report.longreprtext.splitlines() == ["what happened"]
    copy = pytest.TestReport._from_json(report._to_json())
    assert copy.longreprtext == report.longreprtext
    assert "in short" in str(copy.longrepr.reprcrash)  # type: ignore[union-attr]  # as made above
