"""The names of mitmproxy's that are nobody's public API and that the edge builds on: one test for each.

mitmproxy is pinned exactly. When the pin moves, what fails here says where to look.
"""

import inspect
from importlib import import_module
from importlib.metadata import version

import pytest

NAMES = [
    ("mitmproxy.proxy.layers.http", "HttpLayer", ("_handle_event", "event_to_child", "make_stream")),
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
    ("mitmproxy.proxy.layers.http._events", "RequestHeaders", ()),
    ("mitmproxy.proxy.layers.http._events", "RequestProtocolError", ("code",)),
    ("mitmproxy.proxy.layers.http._events", "ResponseHeaders", ()),
    ("mitmproxy.proxy.layers.http._hooks", "HttpRequestHeadersHook", ("name",)),
    ("mitmproxy.proxy.layers.http._hooks", "HttpErrorHook", ("name",)),
    ("mitmproxy.proxy.layers.http._http1", "make_body_reader", ()),
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
    ("mitmproxy.net.http.http1", "read_request_head", ()),
    ("mitmproxy.net.http.http1", "read_response_head", ()),
    ("mitmproxy.net.http.http1", "expected_http_body_size", ()),
    ("mitmproxy.net.http.http1", "assemble_request_head", ()),
    ("mitmproxy.net.http.http1", "assemble_response_head", ()),
]


def test_the_version_is_the_one_these_tests_know() -> None:
    assert version("mitmproxy") == "12.2.3"


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
