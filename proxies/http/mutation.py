"""Changes to the origin's answer on its way through an edge.

Works on the response it is given; nothing else.
"""

from collections.abc import Iterator

from mitmproxy import http

from firstbyte.harness.model.profile import Framing, Mutation, On204
from firstbyte.proxies.http.head_rules import framing_of, is_framed
from firstbyte.proxies.rules.message import has_no_body

COOKIE = "edge-session=1; Path=/; HttpOnly"


def mutate(response: http.Response, mutation: Mutation) -> Iterator[str]:
    """Apply the profile's changes; yields what was changed, for the timeline."""
    headers = response.headers
    if response.status_code == 204:
        if is_framed(response) and mutation.framed_204 is On204.STRIP:
            headers.pop("transfer-encoding", None)
            headers.pop("content-length", None)
            yield "framing taken off a 204"
        if mutation.type_on_bare_204 and "content-type" not in headers:
            headers["Content-Type"] = mutation.type_on_bare_204
            yield f"Content-Type: {mutation.type_on_bare_204} put on a 204"
    for name, value in mutation.adds:
        if name not in headers:
            headers[name] = value


def mutate_by_order(response: http.Response, method: str) -> Iterator[str]:
    """The changes that any intermediary may make to any answer, all at once; yields what was changed.

    RFC 9110 7.6.3 (Via), 7.7 (transformations), 8.8.1 (weak validators), 5.1 (names have no case); RFC 9112
    6.1 (framing is hop by hop). The cookie is what products with sticky sessions add.
    """
    headers = response.headers
    if framing_of(response) is Framing.LENGTH and not has_no_body(method, response.status_code):
        headers.pop("content-length", None)
        headers["Transfer-Encoding"] = "chunked"
        yield "Content-Length gone, the body in chunks"
    tag = headers.get("etag", "")
    if tag.startswith('"'):
        headers["ETag"] = f"W/{tag}"
        yield "the ETag made weak"
    headers.add("Via", "1.1 edge")
    headers.add("Set-Cookie", COOKIE)
    headers.fields = tuple((name.lower(), value) for name, value in headers.fields)
    yield "names in lower case; Via and a cookie added"
