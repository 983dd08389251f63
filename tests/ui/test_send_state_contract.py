"""The contract tells pages apart: the reported one breaks the rules it should, the robust one none.

Each rule catches the one thing that is broken for it.
"""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route

from firstbyte.harness.sendstate.checks import CHECKS
from firstbyte.harness.sendstate.contract import RULES, Rule
from firstbyte.harness.sendstate.outcome import Result
from firstbyte.harness.sendstate.play import Subject, play, staged
from firstbyte.harness.sendstate.premises import Premises

pytestmark = [pytest.mark.real, pytest.mark.slow]

UNUSABLE = "did not let itself be used"
BY_ID = {rule.id: rule for rule in RULES}
NAIVE_BREAKS = {
    "restore-only-if-absent": "it puts the text back on any error",
    "ambiguous-is-not-failed": "it has no word but failed",
    "transcript-equals-ledger": "it takes the message back though the server has it",
    "retry-reuses-id": "each Enter makes a new id",
    "typed-text-survives": "what it puts back overwrites what was typed",
    "injected-type-204-is-success": "it refuses text/html before it looks at the status",
    "answer-after-sse-cut": "it never reads messages again after the stream was cut",
    "usable-while-six-hang": "every send takes a connection for as long as it hangs",
    "offline-and-back": "it takes the message back and never asks",
}
"""Why. The others hold: it clears the composer at Enter, shows no body of an answer, takes any unreadable
answer for a failure, has a toast that is announced, and a reload shows what the server has.
"""


class Mutation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing broken in the robust page."""

    file: str
    old: str
    new: str


MUTATIONS = {
    "restore-only-if-absent": Mutation(
        file="page.js",
        old="ask: (kind) => reader.settle(kind),",
        new="ask: (kind) => { kind === 'sent' || restore(outbox.list()[0].text); reader.settle(kind); },",
    ),
    "ambiguous-is-not-failed": Mutation(
        file="view.js", old="`Not confirmed. ${why} Asking the server…`", new="`Failed to send. ${why}`"
    ),
    "transcript-equals-ledger": Mutation(
        file="view.js",
        old="...messages.map((message) => this.#message(message))",
        new="...messages.flatMap((one) => ['', 2].map((n) => this.#message({ ...one, id: one.id + n })))",
    ),
    "retry-reuses-id": Mutation(
        file="courier.js",
        old='this.outbox.update(id, { state: "waiting", why: "", misses: 0, wasAsked: false });',
        new="const { text } = this.outbox.get(id); this.outbox.drop(id); this.submit(text);",
    ),
    "double-enter-sends-once": Mutation(
        file="page.js",
        old='  composer.value = "";\n',
        new='  setTimeout(() => { if (composer.value === text) composer.value = ""; }, 3000);\n',
    ),
    "typed-text-survives": Mutation(
        file="page.js",
        old="if (composer.value.trim()) return false;",
        new="if (composer.value === text) return false;",
    ),
    "refusal-restores-and-says-why": Mutation(
        file="page.js",
        old="notice.textContent = `Not sent. ${why}`;",
        new="notice.textContent = `Not sent.`;",
    ),
    "truncated-2xx-is-not-success": Mutation(
        file="outcome.js", old="if (!isComplete) return", new="if (!isComplete && !type) return"
    ),
    "injected-type-204-is-success": Mutation(
        file="outcome.js",
        old="if (facts.status === 204) return",
        new="if (facts.status === 204 && !isHtml(facts.type)) return",
    ),
    "gateway-html-never-shown": Mutation(
        file="outcome.js", old="why: `The gateway gave up waiting (${status}).`", new="why: body"
    ),
    "answer-after-sse-cut": Mutation(
        file="reader.js",
        old="    this.told.connection(true);\n    this.read();\n",
        new="    this.told.connection(true);\n",
    ),
    "reload-shows-truth": Mutation(
        file="outbox.js",
        old='return { ...entry, state: "unconfirmed",',
        new='return { ...entry, state: "accepted",',
    ),
    "state-is-announced": Mutation(file="index.html", old=' role="status"', new=""),
    "usable-while-six-hang": Mutation(
        file="courier.js", old="const MOST_IN_FLIGHT = 3;", new="const MOST_IN_FLIGHT = 99;"
    ),
    "offline-and-back": Mutation(
        file="page.js",
        old='addEventListener("online", () => reader.wake());',
        # Stops asking when the network goes, and never begins again.
        new='addEventListener("offline", () => { reader.read = () => new Promise(() => {}); });',
    ),
}
TYPES = {".js": "text/javascript", ".html": "text/html"}


def broken(mutation: Mutation, root: Path) -> Callable[[Page], object]:
    """Serves the robust page with one thing changed."""
    path = root / "reference_server" / "ui" / "robust" / mutation.file
    source = path.read_text(encoding="utf-8")
    assert source.count(mutation.old) == 1, f"{mutation.file}: not there once: {mutation.old}"
    changed = source.replace(mutation.old, mutation.new)
    name = "" if mutation.file == "index.html" else mutation.file

    def serve(route: Route) -> None:
        route.fulfill(body=changed, content_type=TYPES[path.suffix])

    address = re.compile(rf"/ui/robust/{re.escape(name)}(\?.*)?$")
    return lambda page: page.context.route(address, serve)


def test_every_rule_has_a_check_and_a_mutation() -> None:
    assert set(BY_ID) == set(CHECKS) == set(MUTATIONS)
    assert set(NAIVE_BREAKS) < set(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_robust_page_keeps_every_rule(
    rule: Rule, robust: Subject, robust_premises: Premises, browser: Browser
) -> None:
    result = play(rule, robust, browser, premises=robust_premises)
    assert (result.result, result.detail) == (Result.PASS, "")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_naive_page_breaks_the_rules_it_should(
    rule: Rule, naive: Subject, broken_naive: Subject, naive_premises: Premises, browser: Browser
) -> None:
    is_broken = rule.id in NAIVE_BREAKS
    result = play(rule, broken_naive if is_broken else naive, browser, premises=naive_premises)
    assert result.result is (Result.FAIL if is_broken else Result.PASS), result.detail
    assert UNUSABLE not in result.detail


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_broken_for_a_rule_is_caught_by_it(
    rule: Rule, broken_robust: Subject, robust_premises: Premises, browser: Browser, root: Path
) -> None:
    mutation = broken(MUTATIONS[rule.id], root)
    result = play(rule, broken_robust, browser, mutation, premises=robust_premises)
    assert result.result is Result.FAIL
    assert UNUSABLE not in result.detail


def test_the_clock_of_the_page_goes_to_the_deadline_with_the_edge(naive: Subject, browser: Browser) -> None:
    with staged(naive, browser) as stage:
        stage.open()
        before = stage.page.evaluate("Date.now()")
        stage.given_up("in a hundred seconds")
        passed = stage.page.evaluate("Date.now()") - before
    # What passes besides, while the page's clock follows the browser's, is a fraction of the edge's 100 s.
    assert 100_000 <= passed < 150_000


def test_a_deadline_of_the_pages_own_fires_before_a_longer_one_of_the_edge(
    naive: Subject, browser: Browser
) -> None:
    """A page that gives up after 60 s is behind an edge that waits 100 s: the page is first."""
    own = "const { fetch } = window; window.fetch = (url, options) => { const own = new AbortController(); "
    own += "setTimeout(() => own.abort(), 60_000); return fetch(url, { signal: own.signal, ...options }); };"
    with staged(naive, browser) as stage:
        stage.page.add_init_script(own)
        stage.open()
        stage.given_up("page first")
        told = stage.story()
    assert "/prompt_async: net::ERR_ABORTED" in told
    assert "/prompt_async: 524" not in told


@pytest.mark.soak
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("id_", MUTATIONS)
def test_what_is_broken_for_a_rule_is_caught_by_no_other(
    id_: str, rule: Rule, robust: Subject, robust_premises: Premises, browser: Browser, root: Path
) -> None:
    result = play(rule, robust, browser, broken(MUTATIONS[id_], root), premises=robust_premises)
    assert result.result is (Result.FAIL if rule.id == id_ else Result.PASS), result.detail
