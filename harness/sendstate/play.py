"""Plays rules against a page, each with a context, an edge and a session of its own.

Where artefacts are wanted, each rule leaves a picture, and one that failed a Playwright trace and a timeline
too. It must never turn an error of ours into a verdict on the page.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page, StorageState
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbyte.address import host_port
from firstbyte.harness.model.units import Duration
from firstbyte.harness.problems import BadInput, SetupFailed, did_you_mean
from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.artefacts import keep_all, keep_picture
from firstbyte.harness.sendstate.browser import GONE, close, is_gone
from firstbyte.harness.sendstate.checks import check
from firstbyte.harness.sendstate.contract import RULES, Rule
from firstbyte.harness.sendstate.edge import HeldEdge
from firstbyte.harness.sendstate.loading import in_context
from firstbyte.harness.sendstate.outcome import Broken, NotApplicable, Result, RuleResult
from firstbyte.harness.sendstate.page_under_test import PageUnderTest
from firstbyte.harness.sendstate.page_wait import PATIENCE
from firstbyte.harness.sendstate.premises import Premises
from firstbyte.harness.sendstate.rehearsal import Rehearsal
from firstbyte.harness.sendstate.truth import Truthful
from firstbyte.proxies.rules.config import Upstream

REHEARSAL = "adapter"
"""The name of the folder for what is left of trying the adapter."""
STEP_MS = 5_000
DEFAULT_EDGE = "cloudflare-100"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A front end and its server. artefacts: where rules leave their files; None = nowhere.

    storage_state: a Playwright storage state or its file, for pages behind a login. patience: how long a page
    may take, by the wall's clock, for what it owes; its own timers are run ahead besides.
    """

    adapter: Adapter
    upstream: Upstream
    edge: str = DEFAULT_EDGE
    artefacts: Path | None = None
    storage_state: Path | StorageState | None = None
    patience: Duration = PATIENCE


def chosen(ids: Sequence[str]) -> list[Rule]:
    """The rules with these ids, all if there are none. Raises BadInput."""
    known = {rule.id: rule for rule in RULES}
    for id_ in ids:
        if id_ not in known:
            raise BadInput(f"no rule '{id_}'{did_you_mean(id_, known)}")
    return [rule for rule in RULES if not ids or rule.id in ids]


def rehearse(subject: Subject, browser: Browser) -> Premises:
    """Try the adapter on the page; `play` takes what came of it."""
    doing = f"{subject.adapter.name}: trying the adapter"
    folder = subject.artefacts / REHEARSAL if subject.artefacts is not None else None
    with _browser_errors(doing, browser), staged(subject, browser) as stage:
        with _kept_on_error(stage, folder):
            premises = Rehearsal(stage).play()
        if folder is not None:
            keep_picture(stage, folder)
    return premises


def play(
    rule: Rule,
    subject: Subject,
    browser: Browser,
    prepare: Callable[[Page], object] | None = None,
    *,
    premises: Premises | None = None,
) -> RuleResult:
    """One rule. prepare: what to do with the page before it is opened. premises: of `rehearse`, which is done
    here otherwise.

    Raises BadInput when the rule relies on what the adapter does not find.
    """
    missing = (premises or rehearse(subject, browser)).missing(rule)
    if missing:
        raise BadInput(missing)
    doing = f"{subject.adapter.name}: {rule.id}"
    with _browser_errors(doing, browser), staged(subject, browser) as stage:
        if prepare is not None:
            prepare(stage.page)
        return _judged(rule, subject, stage)


@contextmanager
def _browser_errors(doing: str, browser: Browser) -> Iterator[None]:
    """An error of the browser's is none of the page's."""
    try:
        yield
    except PlaywrightError as error:
        # Only closing can time out here: a check's own timeouts are Broken.
        what = "the browser does not answer" if isinstance(error, PlaywrightTimeout) else "the browser failed"
        reason = error.message.partition("\n")[0]
        raise SetupFailed(f"{doing}: {what}: {reason}; run it again") from error
    if is_gone(browser):  # a locator that waits for one may find nothing instead
        raise SetupFailed(GONE)


@contextmanager
def staged(subject: Subject, browser: Browser) -> Iterator[PageUnderTest]:
    """A page of its own behind an edge of its own."""
    origin = _address(subject.upstream)
    truth = Truthful(origin, subject.adapter, verify=subject.upstream.verify)
    with HeldEdge(subject.upstream, subject.edge) as edge:
        context = browser.new_context(storage_state=subject.storage_state)
        try:
            context.set_default_timeout(STEP_MS)
            in_context(context, subject.adapter)
            if subject.artefacts is not None:
                context.tracing.start(screenshots=True, snapshots=True)
            yield PageUnderTest(context.new_page(), edge, subject.adapter, truth, subject.patience)
        finally:
            close(context)
            truth.close()


def _judged(rule: Rule, subject: Subject, stage: PageUnderTest) -> RuleResult:
    folder = subject.artefacts / rule.id if subject.artefacts is not None else None
    result, detail = Result.PASS, ""
    try:
        with _kept_on_error(stage, folder):
            check(rule.id, stage)
    except NotApplicable as reason:
        result, detail = Result.NOT_APPLICABLE, str(reason)
    except Broken as reason:
        result, detail = Result.FAIL, str(reason)
    except PlaywrightTimeout as error:
        first = re.sub(r"\s+", " ", str(error))
        result, detail = Result.FAIL, f"the page did not let itself be used: {first}"
    keep = keep_all if result is Result.FAIL else keep_picture
    artefacts = keep(stage, folder) if folder is not None else ()
    return RuleResult(
        id=rule.id, level=rule.level, claim=rule.claim, result=result, detail=detail, artefacts=artefacts
    )


@contextmanager
def _kept_on_error(stage: PageUnderTest, folder: Path | None) -> Iterator[None]:
    """An error of the set-up names the picture, trace and timeline that are left of it."""
    try:
        yield
    except (SetupFailed, BadInput) as error:
        if folder is None:
            raise
        error.args = (f"{error}; kept: {', '.join(keep_all(stage, folder))}",)
        raise


def _address(upstream: Upstream) -> str:
    return f"{'https' if upstream.tls else 'http'}://{host_port(upstream.host, upstream.port)}"
