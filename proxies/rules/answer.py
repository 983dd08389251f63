"""Makes the answer that an edge gives instead of the origin's: which one, in which representation.

Values that a client chooses (host, path, method) are escaped for the representation they are put into.
"""

import html
import json
from http import HTTPStatus

import msgspec

from firstbyte.harness.model.profile import Answer, Body, Cause, Profile

_NO_BODY = Body(text="", content_type="")


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the placeholders of an answer."""

    host: str
    method: str
    path: str
    ray: str
    timestamp: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer ready to be sent. Content-Length is not among the headers."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def render(answer: Answer, accept: str, values: Values) -> Rendered:
    """Choose the body by the request's Accept and fill in the placeholders."""
    body = choose_body(answer.bodies, accept)
    reason = answer.reason or standard_reason(answer.status)
    words = _words(answer, reason, values)
    headers = [(name, _fill(value, words)) for name, value in answer.headers]
    if body.content_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", body.content_type))
    text = _fill(body.text, words, body.content_type)
    return Rendered(status=answer.status, reason=reason, headers=tuple(headers), body=text.encode())


def closed_answer(profile: Profile, cause: Cause, *, partial: bool, stale: bool) -> str:
    """The key of the answer when the origin went away before its header was complete.

    partial: some bytes of the header had come. stale: the connection was a pooled one, and brought no byte.
    """
    if partial and profile.partial_header in profile.answers:
        return profile.partial_header
    if stale and "stale" in profile.answers:
        return "stale"
    return "reset" if cause is Cause.RESET else "closed"


def log_lines(answer: Answer, values: Values) -> tuple[str, ...]:
    """The product's own log lines for this answer."""
    if not answer.log:
        return ()
    words = _words(answer, answer.reason or standard_reason(answer.status), values)
    return tuple(_fill(line, words) for line in answer.log)


def standard_reason(status: int) -> str:
    """The registered reason phrase, '' when there is none (524 has none)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def refusal_text(status: int, reason: str) -> bytes:
    """The text that a refused client gets. `reason` may quote what the client sent, so it is escaped."""
    words = html.escape(f"{status} {standard_reason(status)}: {reason}\n", quote=False)
    return words.encode("ascii", "backslashreplace")


def _words(answer: Answer, reason: str, values: Values) -> dict[str, str]:
    return {"status": str(answer.status), "reason": reason, **msgspec.structs.asdict(values)}


def _fill(text: str, words: dict[str, str], content_type: str = "") -> str:
    if "{" not in text:
        return text
    # Not str.format: the text may be CSS or JSON, full of braces that mean nothing here.
    for word, value in words.items():
        place = "{" + word + "}"
        if place in text:
            text = text.replace(place, _escape(value, content_type))
    return text


def _escape(value: str, content_type: str) -> str:
    if "json" in content_type:
        return json.dumps(value)[1:-1]
    if "html" in content_type or "xml" in content_type:
        return html.escape(value)
    return value


def choose_body(bodies: tuple[Body, ...], accept: str) -> Body:
    """The representation a client with this Accept gets.

    Higher q first, then the first listed; else the default.
    """
    if not bodies:
        return _NO_BODY
    for media in _by_preference(accept):
        if media == "*/*":
            return bodies[0]
        for body in bodies:
            if any(_matches(media, offered) for offered in body.accept):
                return body
    return bodies[0]


def _matches(wanted: str, offered: str) -> bool:
    offered = offered.lower()
    if wanted.endswith("/*"):
        return offered.startswith(wanted[:-1])
    return wanted == offered


def _by_preference(accept: str) -> list[str]:
    ranges = []
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if media and quality > 0:
            ranges.append((quality, media))
    # sorted() is stable: at the same q the first listed wins.
    return [media for _, media in sorted(ranges, key=lambda one: -one[0])]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
