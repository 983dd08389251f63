"""Good and nearly good input to start from, and how a play is made of it."""

import h2.config
import h2.connection

from firstbyte.harness.model.profile import Answer, Body, Profile
from tests.fuzz.field import Play
from tests.fuzz.mutate import Source, choose, cut, mutated
from tests.proxies.lab import profile

ORIGIN = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"b\r\ndata: x\r\n\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\nevent: a\ndata: b\n\n: c\n\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw",
    b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 304 Not Modified\r\nETag: x\r\n\r\n",
)
CLIENT = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /x?y=z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET http://elsewhere.example/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
)
#: Pieces of event streams; what follows the last empty line is not yet an event.
EVENTS = (
    b"data: x\n\n",
    b"id: 1\nevent: message.updated\ndata: {}\ndata: {}\n\n",
    b": heartbeat\n\n",
    b"retry: 3000\n\n",
    b"\xef\xbb\xbfdata: with a mark of its byte order\r\n\r\n",
    b"data: only carriage returns\r\r",
    b"data: not at its end",
)
EVENT_TOKENS = (
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"id: \0\n",
    b"retry: -1\n",
    b"retry: 99999999999999999999\n",
    b"event:\n",
    b"data",
    b":" * 4_096,
    b"<script>",
    b"HTTP/1.1 200 OK\r\n\r\n",
)
ENDS = ("fin", "fin", "rst", "hang", "on", "on")
#: Fields that HTTP/2 forbids or that mean something else in HTTP/1.1.
TRICKS = (
    (b"transfer-encoding", b"chunked"),
    (b"content-length", b"0"),
    (b"content-length", b"99"),
    (b"host", b"other"),
    (b"connection", b"close"),
    (b"x\r\ny", b"z"),
    (b"x", b"y\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
    (b":path", b"/second"),
    (b":method", b"GET / HTTP/1.1\r\nX: "),
    (b"X-Upper", b"1"),
    (b"x y", b"1"),
    (b"", b"1"),
    (b"te", b"trailers"),
    (b"upgrade", b"websocket"),
    (b"cookie", b"a=b"),
    (b"cookie", b"c=d"),
    (b"expect", b"100-continue"),
)


def fuzzed_profile() -> Profile:
    """Every answer says what it was asked, as pages of real edges do, and is markup."""
    page = Answer(status=524, bodies=(Body(content_type="text/html", text="<p>{host}{path}</p>"),))
    return profile(more_answers={"timeout": page})


def origin_play(source: Source) -> Play:
    """A good request, and an origin that answers anything."""
    return Play(
        (choose(source, CLIENT),),
        cut(source, mutated(source, ORIGIN)),
        choose(source, ("fin", "rst")),
        choose(source, ENDS),
    )


def stream_play(source: Source) -> Play:
    """A good head of an event stream, and anything as its events: in chunks, by its length or to its end."""
    events = mutated(source, EVENTS, EVENT_TOKENS)
    head, body = choose(
        source,
        (
            (b"", events),
            (b"Content-Length: %d\r\n" % len(events), events),
            (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(events), events)),
        ),
    )
    # An empty chunk would be the end.
    if not events:
        head, body = b"Content-Length: 0\r\n", b""
    status = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    return Play(
        (choose(source, CLIENT[:1]),),
        (status + head + b"\r\n", *cut(source, body)),
        choose(source, ("fin", "rst")),
        choose(source, ENDS),
        stream=events,
    )


def client_play(source: Source) -> Play:
    """A client that sends anything, and a good origin."""
    return Play(
        cut(source, mutated(source, CLIENT)),
        (choose(source, ORIGIN[:5]),),
        choose(source, ("fin", "rst")),
        choose(source, ("fin", "on", "on")),
    )


def http2_play(source: Source) -> Play:
    """Frames with fields that are not allowed, then changed in a few bytes."""
    conn = h2.connection.H2Connection(
        h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding=None
        )
    )
    conn.initiate_connection()
    for _ in range(1 + source.below(3)):
        _send_stream(conn, source)
    data = conn.data_to_send()
    if source.below(2):
        data = mutated(source, (data,), (b"\0", b"\xff", b"\x00\x00\x04\x08\x00\x00\x00\x00\x01", data[-9:]))
    return Play(
        cut(source, data),
        (choose(source, ORIGIN[:5]),),
        choose(source, ("fin", "rst")),
        choose(source, ("fin", "on", "on")),
        http2=True,
    )


def _send_stream(conn: h2.connection.H2Connection, source: Source) -> None:
    fields = [
        (b":method", choose(source, (b"GET", b"POST", b"HEAD", b"CONNECT"))),
        (b":path", choose(source, (b"/", b"/x?y", b"*", b"", b"/ HTTP/1.1\r\nX: y", b"http://b/"))),
        (b":scheme", choose(source, (b"https", b"http", b"ftp", b"https://b/?"))),
        (b":authority", choose(source, (b"a", b"a", b"a b", b"a\r\nX: y", b""))),
    ]
    for _ in range(source.below(4)):
        fields.insert(source.below(len(fields) + 1), choose(source, TRICKS))
    stream = conn.get_next_available_stream_id()
    has_body = bool(source.below(2))
    conn.send_headers(stream, fields, end_stream=not has_body)
    if has_body:
        conn.send_data(stream, choose(source, (b"", b"abc", b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")))
        if source.below(2):
            conn.end_stream(stream)
