"""The rules, as data: an id, an obligation, how much it binds, and how it is checked.

Pure. It must never name a front end: what is particular to one is in its adapter.
"""

from enum import StrEnum

import msgspec


class RuleLevel(StrEnum):
    """As RFC 2119 has them: MUST binds, SHOULD may be left for a good reason."""

    MUST = "must"
    SHOULD = "should"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation. claim: a sentence; how: what its check does to the page.

    needs: the tables of the adapter that its check relies on, beside those that every check does. judges:
    those it has a word for itself when the page shows nothing of them.
    """

    id: str
    level: RuleLevel
    claim: str
    how: str
    needs: frozenset[str] = frozenset()
    judges: frozenset[str] = frozenset()


BLIND = frozenset({"events", "reads"})
MESSAGES = frozenset({"messages"})
RULES = (
    Rule(
        id="restore-only-if-absent",
        level=RuleLevel.MUST,
        claim="A page must put a sent text back into the composer only if the server has not got it.",
        how="the edge answers 524 for a stored message, events and reads are held back; then they go on",
        needs=BLIND,
    ),
    Rule(
        id="ambiguous-is-not-failed",
        level=RuleLevel.MUST,
        claim="A page must not say that a send failed while it does not know.",
        how="the edge answers 524 for a stored message, events and reads are held back; then they go on",
        needs=BLIND | {"failure"},
    ),
    Rule(
        id="transcript-equals-ledger",
        level=RuleLevel.MUST,
        claim="Every message the server has must be shown once, and none it has not may be shown as sent.",
        how="one accepted, one stored behind a 524, one lost on its way: page and server are compared",
        needs=MESSAGES,
    ),
    Rule(
        id="retry-reuses-id",
        level=RuleLevel.MUST,
        claim="Sending the same message again must not make a second one.",
        how="a 524 for a stored message, nothing can be read; what the page offers for sending again is used",
        needs=BLIND | {"send_again"},
    ),
    Rule(
        id="double-enter-sends-once",
        level=RuleLevel.MUST,
        claim="Two Enters must send one message.",
        how="Enter twice while the first send is held",
    ),
    Rule(
        id="typed-text-survives",
        level=RuleLevel.MUST,
        claim="Text typed while a send is under way must survive, whatever becomes of the send.",
        how="a text is typed while a send is out that ends in a 524, another during one that ends in a 400",
    ),
    Rule(
        id="refusal-restores-and-says-why",
        level=RuleLevel.MUST,
        claim="When a send was refused, the page must give the text back and say why.",
        how="a 400 with a reason, then a server that can't be reached",
        needs=MESSAGES | {"failure", "send_again"},
        judges=frozenset({"failure"}),
    ),
    Rule(
        id="truncated-2xx-is-not-success",
        level=RuleLevel.MUST,
        claim="An answer that breaks off must not be taken for success, whatever its status.",
        how="a 200 that ends before its Content-Length, for a message the server never got",
        needs=BLIND | MESSAGES,
    ),
    Rule(
        id="injected-type-204-is-success",
        level=RuleLevel.MUST,
        claim="A 204 is success, even when an edge has put Content-Type: text/html on it.",
        how="the server's answer reaches the page as such a 204",
        needs=BLIND | MESSAGES | {"failure"},
    ),
    Rule(
        id="gateway-html-never-shown",
        level=RuleLevel.MUST,
        claim="A gateway's error page must never be shown, neither as text nor as markup.",
        how="a 524 with an HTML page that holds a marker; the page is watched in every frame",
        needs=BLIND,
    ),
    Rule(
        id="answer-after-sse-cut",
        level=RuleLevel.MUST,
        claim="What came while the event stream was cut must appear without a reload.",
        how="the stream is cut and kept away while a second tab gets an answer; then it is let through",
        needs=MESSAGES | {"events"},
    ),
    Rule(
        id="reload-shows-truth",
        level=RuleLevel.MUST,
        claim="After a reload in mid-send the page must show what the server has, no more and no less.",
        how="a reload while a stored message waits, another while one never gets to the server",
        needs=MESSAGES,
    ),
    Rule(
        id="state-is-announced",
        level=RuleLevel.MUST,
        claim="What becomes of a send must be announced to assistive technology.",
        how="text that appears in a live region is recorded for a 524 and for a refusal",
        needs=BLIND,
    ),
    Rule(
        id="usable-while-six-hang",
        level=RuleLevel.SHOULD,
        claim="While six sends hang, the page should still be able to read (HTTP/1.1: six connections).",
        how="six held sends, then a read from within the page",
    ),
    Rule(
        id="offline-and-back",
        level=RuleLevel.MUST,
        claim="Seconds after it is online again the page must show the truth, and no text may be lost.",
        how="the network goes while a stored message waits, another one is sent offline, the network is back",
        needs=BLIND | MESSAGES,
    ),
)
