"""The names of mitmproxy's that are nobody's public API and that the edge builds on: one test for each.

mitmproxy is pinned exactly. When the pin moves, what fails here says where to look.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from importlib.metadata import version

import pytest
from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.net.http import http1
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode, HttpStream, _http1

from firstbyte.harness.files.loader import load_profile
from firstbyte.proxies.edge.layer import EdgeLayer
from firstbyte.proxies.edge.shared import NoHooks, SharedEdge
from firstbyte.proxies.edge.stream import EdgeStream
from firstbyte.proxies.http.connections import EdgeClient, EdgeContext, OriginConnection
from firstbyte.proxies.http.fields import Fields, read_request_head, read_response_head
from firstbyte.proxies.http.http1_client import EdgeHttp1Client
from firstbyte.proxies.http.http1_server import EdgeHttp1Server
from firstbyte.proxies.rules.config import EdgeConfig, Upstream
from tests.contracts.private_names import holds

NAMES = [
    ("mitmproxy.proxy.layers.http", "HttpLayer", ("_handle_event", "event_to_child")),
    ("mitmproxy.proxy.layers.http", "HttpStream", ("_handle_event", "passthrough")),
    ("mitmproxy.proxy.layers.http", "SendHttp", ()),
    ("mitmproxy.proxy.layers.http", "DropStream", ()),
    ("mitmproxy.proxy.layers.http", "HTTPMode", ("transparent",)),
    ("mitmproxy.proxy.layers.http._base", "HttpEvent", ()),
    ("mitmproxy.proxy.layers.http._base", "HttpCommand", ()),
    ("mitmproxy.proxy.layers.http._base", "ReceiveHttp", ()),
    (
        "mitmproxy.proxy.layers.http._events",
        "ErrorCode",
        ("REQUEST_VALIDATION_FAILED", "CLIENT_DISCONNECTED"),
    ),
    ("mitmproxy.proxy.layers.http._events", "RequestData", ()),
    ("mitmproxy.proxy.layers.http._events", "RequestEndOfMessage", ()),
    ("mitmproxy.proxy.layers.http._events", "RequestHeaders", ()),
    ("mitmproxy.proxy.layers.http._events", "RequestTrailers", ()),
    ("mitmproxy.proxy.layers.http._events", "ResponseData", ()),
    ("mitmproxy.proxy.layers.http._events", "ResponseEndOfMessage", ()),
    ("mitmproxy.proxy.layers.http._events", "ResponseTrailers", ()),
    ("mitmproxy.proxy.layers.http._events", "RequestProtocolError", ("code",)),
    ("mitmproxy.proxy.layers.http._events", "ResponseHeaders", ()),
    ("mitmproxy.proxy.layers.http._hooks", "HttpRequestHeadersHook", ("name",)),
    ("mitmproxy.proxy.layers.http._hooks", "HttpErrorHook", ("name",)),
    ("mitmproxy.proxy.layers.http._hooks", "HttpRequestHook", ("name",)),
    ("mitmproxy.proxy.layers.http._hooks", "HttpResponseHeadersHook", ("name",)),
    ("mitmproxy.proxy.layers.http._hooks", "HttpResponseHook", ("name",)),
    ("mitmproxy.proxy.layers.http._http1", "make_body_reader", ()),
    ("mitmproxy.proxy.layers.http._http1", "Http1Connection", ("_handle_event",)),
    (
        "mitmproxy.proxy.layers.http._http1",
        "Http1Server",
        (
            "_handle_event",
            "send",
            "read_headers",
            "read_body",
            "wait",
            "mark_done",
            "make_pipe",
            "passthrough",
            "start",
        ),
    ),
    (
        "mitmproxy.proxy.layers.http._http1",
        "Http1Client",
        (
            "_handle_event",
            "send",
            "read_headers",
            "read_body",
            "mark_done",
            "make_pipe",
            "passthrough",
            "start",
        ),
    ),
    (
        "mitmproxy.proxy.layers.http._http2",
        "Http2Server",
        ("_handle_event", "handle_h2_event", "is_open_for_us", "is_closed", "close_connection"),
    ),
    ("mitmproxy.proxy.layers.http._http_h2", "BufferedH2Connection", ("end_stream", "reset_stream")),
    ("mitmproxy.proxy.layers.websocket", "WebsocketLayer", ("relay_messages",)),
    ("mitmproxy.proxy.layer", "Layer", ("handle_event",)),
    ("mitmproxy.proxy.context", "Context", ("fork",)),
    ("mitmproxy.net.http.validate", "validate_headers", ()),
    ("mitmproxy.net.http.http1.read", "_read_request_line", ()),
    ("mitmproxy.net.http.http1.read", "_read_response_line", ()),
    ("mitmproxy.http", "MessageData", ("__post_init__",)),
    ("mitmproxy.net.http.http1", "expected_http_body_size", ()),
    ("mitmproxy.net.http.http1", "assemble_request_head", ()),
    ("mitmproxy.net.http.http1", "assemble_response_head", ()),
]


def test_the_version_is_the_one_these_tests_know() -> None:
    assert version("mitmproxy") == "12.2.3"


@holds(*(module for module, _, _ in NAMES))
@holds(*(f"{module}.{name}" for module, name, _ in NAMES))
@holds(*(f"{module}.{name}.{member}" for module, name, members in NAMES for member in members))
@pytest.mark.parametrize(
    ("module", "name", "members"), NAMES, ids=[f"{one[0].split('.')[-1]}.{one[1]}" for one in NAMES]
)
def test_a_name_the_edge_builds_on_is_there(module: str, name: str, members: tuple[str, ...]) -> None:
    found = getattr(import_module(module), name)
    assert [member for member in members if not hasattr(found, member)] == []


def test_a_layer_passes_commands_it_does_not_know_up_to_the_host() -> None:
    source = inspect.getsource(import_module("mitmproxy.proxy.layer").Layer.handle_event)
    assert "command.blocking is True" in source


def test_a_body_reader_of_a_close_delimited_answer_is_h11s_http10_reader() -> None:
    make = import_module("mitmproxy.proxy.layers.http._http1").make_body_reader
    assert [type(make(size)).__name__ for size in (None, -1, 5)] == [
        "ChunkedReader",
        "Http10Reader",
        "ContentLengthReader",
    ]


class _StoppedClock:
    def now(self) -> int:
        return 0


def _edge() -> SharedEdge:
    config = EdgeConfig(profile=load_profile("envoy").profile, upstream=Upstream(host="origin", port=80))
    return SharedEdge(
        config,
        clock=_StoppedClock(),
        report=None,
        token=lambda count: "0" * count,
        stamp=str,
        hooks=NoHooks(),
    )


def _context() -> Context:
    return EdgeContext(EdgeClient(), OriginConnection())


@holds("mitmproxy.proxy.layers.http._http1.Http1Client.__init__")
def test_an_http1_client_of_the_edge_has_all_that_mitmproxys_would_have() -> None:
    theirs = _http1.Http1Client(_context())
    ours = EdgeHttp1Client(_context(), OriginConnection(), 1, load_profile("envoy").profile)
    unused = {"_paused", "_paused_event_queue"}
    assert vars(theirs).keys() - vars(ours).keys() == unused


@holds(
    "mitmproxy.proxy.layers.http.HttpStream.__init__",
    "mitmproxy.proxy.layer.Layer._paused",
    "mitmproxy.proxy.layer.Layer._paused_event_queue",
)
def test_a_stream_of_the_edge_lacks_what_only_mitmproxys_own_states_use() -> None:
    theirs = HttpStream(_context(), 1)
    ours = EdgeStream(_context(), 1, _edge())
    unused = {"request_body_buf", "response_body_buf", "client_state", "server_state", "_paused_event_queue"}
    assert vars(theirs).keys() - vars(ours).keys() == unused


@holds("mitmproxy.connection.Client.__init__", "mitmproxy.connection.Server.__init__")
@pytest.mark.parametrize("one", [EdgeClient(), OriginConnection(("origin", 80))])
def test_a_connection_of_the_edge_has_every_attribute_of_mitmproxys(one: Connection) -> None:
    names = [field.name for field in fields(one)]
    assert [name for name in names if not hasattr(one, name)] == []
    assert len(one.id) == 36
    assert one.copy() != one
    assert one.copy().get_state() | {"id": one.id} == one.get_state()


@holds("mitmproxy.proxy.context.Context.__init__")
def test_a_context_of_the_edge_has_every_attribute_of_mitmproxys() -> None:
    context = _context()
    assert vars(Context(context.client, context.options)).keys() == vars(context).keys()
    assert vars(context.fork()).keys() == vars(context).keys()


LINES = [b"POST /a?b=c HTTP/1.1", b"Host: a", b"X-Two: 1", b"x-two:2 ", b"Content-Length: 3"]
ANSWER = [b"HTTP/1.1 200 OK", b"Set-Cookie: a=1", b"set-cookie: b=2", b"X:\xff"]


def test_a_request_is_read_as_mitmproxy_reads_it() -> None:
    theirs, ours = http1.read_request_head(LINES), read_request_head(LINES)
    theirs.timestamp_start = 0.0
    assert vars(ours.data) == vars(theirs.data)
    assert vars(ours).keys() == vars(theirs).keys()


def test_an_answer_is_read_as_mitmproxy_reads_it() -> None:
    theirs, ours = http1.read_response_head(ANSWER), read_response_head(ANSWER)
    theirs.timestamp_start = 0.0
    assert vars(ours.data) == vars(theirs.data)
    assert vars(ours).keys() == vars(theirs).keys()


@pytest.mark.parametrize(
    "line",
    [b"no colon", b":no name", b" folded into nothing", b"", b"a : b", b"a:", b"\xe9: \xe9", b"a: b:c"],
)
def test_a_line_is_refused_or_read_as_mitmproxy_does(line: bytes) -> None:
    assert _outcome(read_request_head, [LINES[0], line]) == _outcome(
        http1.read_request_head, [LINES[0], line]
    )


def _outcome(read: Callable[[list[bytes]], http.Request], lines: list[bytes]) -> object:
    try:
        return read(lines).headers.fields
    except (ValueError, IndexError) as error:
        return type(error), str(error)


@holds("mitmproxy.http.Headers.__init__")
@pytest.mark.parametrize("name", ["X-Two", "x-two", b"X-TWO", "absent", "Host", "\xe9"])
def test_fields_are_found_as_in_mitmproxys_headers(name: str | bytes) -> None:
    raw = ((b"Host", b"a"), (b"x-two", b"1"), (b"X-Two", b"\xff"), (b"\xc3\xa9", b"2"))
    theirs, ours = http.Headers(raw), Fields(raw)
    for change in (lambda one: None, _add, _replace, _remove):
        change(theirs)
        change(ours)
        assert ours.get_all(name) == theirs.get_all(name)
        assert ours.get(name, "none") == theirs.get(name, "none")
        assert (name in ours) == (name in theirs)
        assert ours == theirs


def _add(headers: http.Headers) -> None:
    headers.add("X-Two", "3")


def _replace(headers: http.Headers) -> None:
    headers["x-TWO"] = "4"


def _remove(headers: http.Headers) -> None:
    headers.pop("x-two", None)
    headers.fields = (*headers.fields, (b"x-two", b"5"))


@holds(
    "mitmproxy.proxy.layers.http._http1.Http1Server.__init__",
    "mitmproxy.proxy.layers.http.HttpLayer.__init__",
)
def test_a_server_and_a_layer_of_the_edge_lack_what_a_waiting_layer_uses() -> None:
    waiting = {"_paused", "_paused_event_queue", "waiting_for_establishment"}
    server = EdgeHttp1Server(_context(), 1000)
    assert vars(_http1.Http1Server(_context())).keys() - vars(server).keys() <= waiting
    layer = EdgeLayer(_context(), _edge())
    assert vars(HttpLayer(_context(), HTTPMode.transparent)).keys() - vars(layer).keys() == waiting
