"""The control address of held mode: an HTTP API for Cypress, Playwright on Node, or curl.

It is a small HTTP/1.1 server of its own. It must never answer without the Bearer token, and never to a web
page: it sends no CORS headers and checks Host.
"""

import asyncio
import hmac
import ipaddress
import json
import re
from http import HTTPStatus

import msgspec

from firstbyte.proxies.rules.orders import HeldList, HeldMode, Next, SeenList

MAX_HEAD = 16 * 1024
MAX_BODY = 16 * 1024
PATIENCE = 10.0
ALL = "GET /held, GET /seen, POST /held/ID/expire, POST /held/ID/release, POST /next"
_FOR_ONE = re.compile(r"/held/(\d+)/(expire|release)")


class ControlReply(Exception):
    """Ends the handling of a request with a status and a JSON body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Control:
    """The control address of one edge."""

    def __init__(self, edge: HeldMode, token: str) -> None:
        self._edge = edge
        self._token = token
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address in use."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_HEAD)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def close(self) -> None:
        """Stop listening and drop open connections."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._handle(reader)
                writer.write(_encode(reply))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _handle(self, reader: asyncio.StreamReader) -> ControlReply:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.LimitOverrunError:
            return ControlReply(431, {"error": "the head is too long"})
        try:
            method, target, _ = head[0].split(" ", 2)
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (one.partition(":") for one in head[1:])
            }
            _check_host(headers.get("host", "localhost"))
            self._check_token(headers)
            length = int(headers.get("content-length", "0"))
            if not 0 <= length <= MAX_BODY:
                raise ControlReply(413, {"error": "the body is too long"})
            return self._answer(method, target, await reader.readexactly(length))
        except ValueError:
            return ControlReply(400, {"error": "this is not an HTTP request"})
        except ControlReply as reply:
            return reply

    def _check_token(self, headers: dict[str, str]) -> None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ControlReply(
                401, {"error": "send 'Authorization: Bearer TOKEN' with the token printed at start"}
            )

    def _answer(self, method: str, path: str, body: bytes) -> ControlReply:
        for_one = _FOR_ONE.fullmatch(path)
        if path == "/held" and method == "GET":
            return ControlReply(200, msgspec.to_builtins(HeldList(held=self._edge.held())))
        if path == "/seen" and method == "GET":
            return ControlReply(200, msgspec.to_builtins(SeenList(seen=self._edge.seen())))
        if path == "/next" and method == "POST":
            return self._next(body)
        if for_one is not None and method == "POST":
            number = int(for_one[1])
            act = self._edge.expire if for_one[2] == "expire" else self._edge.release
            if not act(number):
                return ControlReply(404, {"error": f"no request {number} is held"})
            return ControlReply(200, {"id": number})
        is_known = path in ("/held", "/next", "/seen") or for_one is not None
        return ControlReply(405 if is_known else 404, {"error": f"there is {ALL}"})

    def _next(self, body: bytes) -> ControlReply:
        try:
            order = msgspec.json.decode(body, type=Next)
        except msgspec.DecodeError as error:
            raise ControlReply(400, {"error": f'{error}; send {{"count": 1, "action": "expire"}}'}) from error
        self._edge.order_next(order)
        return ControlReply(200, msgspec.to_builtins(order))


def _check_host(host: str) -> None:
    # DNS rebinding: a page whose own name resolves to this machine still sends that name as Host, and the
    # name has a dot. Addresses, localhost and the one-word names of a container network have none.
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        if "." in name:
            raise ControlReply(
                403, {"error": "the Host header must be an address or a name without a dot"}
            ) from None


def _encode(reply: ControlReply) -> bytes:
    body = json.dumps(reply.body).encode() + b"\n"
    head = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
