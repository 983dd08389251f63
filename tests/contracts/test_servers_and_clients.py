"""What the reference server takes from uvicorn and Starlette, and simulations from httpx."""

import asyncio
import inspect
import textwrap
from ast import parse, walk

import httpcore
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from tests.contracts.private_names import defined, holds

CYCLE = (
    "conn disconnected keep_alive message_event on_response response_complete response_started scope send "
    "transport"
)
PROTOCOL = "access_log app conn connection_lost cycle send_400_response transport"


@pytest.mark.parametrize(("owner", "names"), [(RequestResponseCycle, CYCLE), (H11Protocol, PROTOCOL)])
def test_uvicorns_protocol_has_what_the_reference_server_uses(owner: type, names: str) -> None:
    assert set(names.split()) <= defined(walk(parse(textwrap.dedent(inspect.getsource(owner)))))


@holds("_unset_keepalive_if_required")
async def test_uvicorns_keep_alive_timer_can_be_cancelled() -> None:
    loop, config = asyncio.get_running_loop(), Config(Starlette(), log_config=None)
    config.load()
    protocol = H11Protocol(config, ServerState(), {}, loop)
    timer = protocol.timeout_keep_alive_task = loop.call_later(9, print)
    protocol._unset_keepalive_if_required()
    assert timer.cancelled()
    assert protocol.timeout_keep_alive_task is None


@holds("starlette.responses.Response.__init__")
async def test_starlette_asks_nothing_of_a_response_but_to_be_called() -> None:
    class Bare(Response):
        def __init__(self) -> None:
            self.background = None

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def endpoint(_request: object) -> Response:
        return Bare()

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", endpoint)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://origin") as client:
        assert (await client.get("/")).status_code == 204


@holds("_pool")
async def test_an_httpx_transport_sends_through_its_pool() -> None:
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    transport = httpx.AsyncHTTPTransport()
    assert isinstance(transport._pool, httpcore.AsyncConnectionPool)
    transport._pool = httpcore.AsyncConnectionPool(network_backend=httpcore.AsyncMockBackend([answer]))
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get("http://origin/")).status_code == 204
