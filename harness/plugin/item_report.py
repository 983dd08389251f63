"""pytest's reports of an item that was played in rounds: one setup, one call, one teardown.

That way -x, --lf, JUnit and pytest-xdist see one test. It must never report a set-up error as a failed test.
"""

from collections.abc import Sequence

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

FIRST_FAILED = "this is the round without a fault; it has to pass before any other is played"


def failure(report: pytest.TestReport) -> str:
    """The failure as pytest prints it, with the output of the test."""
    parts = [f"({report.when}) {report.longreprtext}" if report.when != "call" else report.longreprtext]
    parts += [f"{title}\n{text.rstrip()}" for title, text in report.sections if text.strip()]
    return "\n".join(parts)


def set_up_error(item: pytest.Item, text: str, summary: str = "") -> pytest.TestReport:
    """A report of an error before the test, not of a failed test."""
    return pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords={}, outcome="failed",
        longrepr=_shown(item, text, summary or text), when="setup",
        user_properties=list(item.user_properties),
    )  # fmt: skip


def reported(
    item: pytest.Item,
    first: Sequence[pytest.TestReport],
    failures: tuple[str, str, bool] | None,
) -> list[pytest.TestReport]:
    """first: of the round without a fault. failures: summary, text, whether any is the subject's."""
    reports = list(first)
    for report in reports:
        report.user_properties = list(item.user_properties)
    if failures is None:
        failed = next((one for one in reports if one.failed), None)
        if failed is not None:
            failed.sections.append(("firstbyte", FIRST_FAILED))
        return reports
    summary, text, is_subjects = failures
    if not is_subjects:
        return [set_up_error(item, text, summary), reports[-1]]
    call = next(one for one in reports if one.when == "call")
    call.outcome, call.longrepr = "failed", _shown(item, text, summary)
    for report in reports:
        # The output of the round without a fault explains nothing; that of a failed round is in its text.
        report.sections = report.sections if report.when == "teardown" and report.failed else []
    return reports


def torn_down(
    item: pytest.Item, own: pytest.TestReport | None, nextitem: pytest.Item | None
) -> pytest.TestReport:
    """Tear down the wider fixtures that no later test needs; the item's own are torn down already."""
    if item.session.shouldfail or item.session.shouldstop:
        nextitem = None
    call = pytest.CallInfo.from_call(
        lambda: item.session._setupstate.teardown_exact(nextitem), when="teardown"
    )
    if own is not None and call.excinfo is None:
        return own
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return report


def _shown(item: pytest.Item, text: str, summary: str) -> ReprExceptionInfo:
    """The text in the form that pytest-xdist and the short summary understand."""
    path, line, _ = item.location
    entries = [ReprEntryNative([f"{text}\n"])]
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback(entries, None, "native"),
        reprcrash=ReprFileLocation(path, (line or 0) + 1, summary),
    )
