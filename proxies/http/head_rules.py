"""Checks and cleans message heads: what is refused, what never crosses a proxy, how a body is framed.

Pure, on mitmproxy's message classes. It must never let a request through whose length two parsers could
read differently.
"""

import re

from mitmproxy import http
from mitmproxy.net.http.validate import validate_headers

from firstbyte.harness.model.profile import Framing, TwoLengths
from firstbyte.proxies.http.fields import drop, is_chunked, named, names
from firstbyte.proxies.rules.config import MAX_HEADER_FIELDS, Upstream
from firstbyte.proxies.rules.message import (
    ANSWER_CODINGS,
    HOP_BY_HOP,
    connection_options,
    is_length,
    is_status,
)

#: The version of an answer without a header.
HTTP09 = b"HTTP/0.9"
_BAD_VALUE = re.compile(rb"[\x00\r\n]")
#: RFC 9112 3.2: a target is printable ASCII. Strict origins answer 400 to the rest, lax ones pass it on.
_BAD_TARGET = re.compile(rb"[\x00-\x20\x7f-\xff]")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*")
_NO_TOKENS: frozenset[bytes] = frozenset()


def refuse_request(request: http.Request) -> tuple[int, str] | None:
    """Why a request is refused: status and reason for people; None = it is fine."""
    if request.data.method.upper() == b"CONNECT":
        return 405, "this edge is no open proxy: CONNECT is not allowed"
    if not _METHOD.fullmatch(request.data.method):
        return 400, "the method is not a token"
    if _BAD_TARGET.search(request.data.path):
        return 400, "the request target holds a character that is not printable ASCII"
    if request.data.scheme not in (b"", b"http", b"https"):
        return 400, f"the scheme '{request.scheme}' is not HTTP"
    return _refuse_fields(request)


def _refuse_fields(request: http.Request) -> tuple[int, str] | None:
    if len(request.headers.fields) > MAX_HEADER_FIELDS:
        return 431, f"more than {MAX_HEADER_FIELDS} header fields"
    try:
        validate_headers(request)
    except ValueError as error:
        return 400, str(error)
    if _BAD_VALUE.search(b"".join([value for _, value in request.data.headers.fields])):
        return 400, "a header value holds a line break or NUL"
    length = named(request.data.headers, b"content-length")
    if length and not is_length(length[0]):
        return 400, "the Content-Length is not a length"
    coding = named(request.data.headers, b"transfer-encoding")
    if coding and [value.lower() for value in coding] != [b"chunked"]:
        # RFC 9112 6.1; a coding the origin does not know would leave it without the body's end.
        return 501, "the only transfer coding understood here is chunked"
    hosts = named(request.data.headers, b"host")
    if len(hosts) > 1 or (not hosts and request.is_http11):
        return 400, f"{len(hosts)} Host headers, there must be one"
    if hosts and not _HOST.fullmatch(hosts[0]):
        return 400, "the Host header is not a host"
    return None


def refuse_response(response: http.Response) -> str:
    """Why an answer of the origin is garbage.

    '' = it is fine. What a 204 may not have is for Mutation to say.
    """
    if not is_status(response.status_code):
        return f"status {response.status_code}"
    length = named(response.data.headers, b"content-length")
    coding = named(response.data.headers, b"transfer-encoding")
    if length and coding:
        return "both Content-Length and Transfer-Encoding"
    if len(set(length)) > 1 or (length and not is_length(length[0])):
        return f"Content-Length {b', '.join(length)[:40]!r}"
    if len(coding) > 1 or (coding and coding[0].lower() not in ANSWER_CODINGS):
        return f"Transfer-Encoding {b', '.join(coding)!r}"
    if _BAD_VALUE.search(b"".join([value for _, value in response.data.headers.fields])):
        return "a header value with a line break or NUL"
    return ""


def choose_length(response: http.Response, rule: TwoLengths) -> tuple[str, ...]:
    """Leave the Content-Length that counts, where the rule has one; returns the others that go on all the
    same.
    """
    if rule is TwoLengths.REFUSE or len(set(named(response.data.headers, b"content-length"))) < 2:
        return ()
    lengths = response.headers.get_all("content-length")
    response.headers["Content-Length"] = lengths[-1 if rule is TwoLengths.LAST else 0]
    return tuple(lengths[1:]) if rule is TwoLengths.BOTH else ()


def refuse_status_line(line: bytes) -> str:
    """RFC 9112 4: a status is three digits; Python reads '+200' and '2_00' as 200 too."""
    status = line.split(None, 2)[1]
    return "" if len(status) == 3 and status.isdigit() else f"status {status!r}"


def one_length(response: http.Response) -> None:
    """RFC 9112 6.3: equal Content-Lengths count as one, without zeros before it. Different ones have been
    refused.
    """
    lengths = named(response.data.headers, b"content-length")
    if len(lengths) > 1:
        response.headers["content-length"] = lengths[0]
    plain_length(response)


def plain_length(message: http.Message) -> None:
    """Leave out the zeros before a length: RFC 9110 8.6 allows them, and not every reader takes them."""
    lengths = named(message.data.headers, b"content-length")
    if len(lengths) == 1 and lengths[0].isdigit():
        plain = lengths[0].lstrip(b"0") or b"0"
        if plain != lengths[0]:
            message.headers["content-length"] = plain


def is_upgrade(request: http.Request) -> bool:
    """Whether the client asks for a WebSocket, the one upgrade that goes on to the origin."""
    upgrade = named(request.data.headers, b"upgrade")
    return bool(upgrade) and b", ".join(upgrade).lower() == b"websocket" and not request.is_http2


def wants_close(message: http.Message) -> bool:
    """Whether the sender closes the connection after this message."""
    options = named(message.data.headers, b"connection")
    tokens = {token.strip().lower() for token in b",".join(options).split(b",")} if options else _NO_TOKENS
    if b"close" in tokens:
        return True
    return message.data.http_version == b"HTTP/1.0" and b"keep-alive" not in tokens


def clean_request(request: http.Request, upstream: Upstream) -> None:
    """Make a request fit for the origin: origin-form, HTTP/1.1, the right Host, nothing hop-by-hop."""
    upgrade = is_upgrade(request)
    if request.data.authority:
        # RFC 9112 3.2.2: an absolute-form target replaces the Host header. h2 has :authority instead of Host.
        request.headers["Host"] = request.authority
        request.data.authority = b""
    _strip_hop_by_hop(request)
    if upgrade:
        request.headers["Connection"] = "Upgrade"
        request.headers["Upgrade"] = "websocket"
    if upstream.authority is not None:
        request.headers["Host"] = upstream.authority
    elif not named(request.data.headers, b"host"):
        # RFC 9112 3.2: HTTP/1.0 need not name a host, the HTTP/1.1 request made of it must.
        request.headers["Host"] = upstream.host_header
    if request.is_http2:
        _merge_cookies(request)
    request.data.http_version = b"HTTP/1.1"


def _merge_cookies(request: http.Request) -> None:
    # RFC 9113 8.2.3: HTTP/2 may split cookies into several fields, HTTP/1.1 must not.
    cookies = request.headers.get_all("Cookie")
    if len(cookies) > 1:
        request.headers["Cookie"] = "; ".join(cookies)


def clean_response(response: http.Response) -> None:
    """Take out what is hop-by-hop in the origin's answer; a 101 keeps its Upgrade."""
    upgrade = response.headers.get("upgrade") if response.status_code == 101 else None
    _strip_hop_by_hop(response)
    if upgrade is not None:
        response.headers["Connection"] = "Upgrade"
        response.headers["Upgrade"] = upgrade


def _strip_hop_by_hop(message: http.Message) -> None:
    headers = message.data.headers
    unwanted = HOP_BY_HOP & names(headers)
    if options := named(headers, b"connection"):
        unwanted |= connection_options(options)
    if unwanted:
        drop(headers, unwanted)


def framing_of(response: http.Response) -> Framing:
    """How the origin frames this body."""
    if is_chunked(response.data.headers):
        return Framing.CHUNKED
    if named(response.data.headers, b"content-length"):
        return Framing.LENGTH
    return Framing.CLOSE


def is_framed(response: http.Response) -> bool:
    """Whether a head announces a body, rightly or not."""
    length = named(response.data.headers, b"content-length")
    return bool(named(response.data.headers, b"transfer-encoding")) or length not in ([], [b"0"])
