"""Puts two servers behind one address: the page of one version and the API of another, which has no page.

It must never change or delay what it forwards.
"""

import argparse
import asyncio
import re
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from firstbyte.harness.targets.opencode.announce import serve_announced

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OF_PAGE = re.compile(r"^/(assets/.*|[^/]+\.(js|css|ico|png|svg|webmanifest|woff2?|txt))$")
HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "trailer"})


class Router:
    """A reverse proxy. page, api: addresses such as http://127.0.0.1:4096."""

    def __init__(self, page: str, api: str) -> None:
        self._page = page
        self._api = api
        self._client = httpx.AsyncClient(
            timeout=None, trust_env=False, limits=httpx.Limits(max_connections=None)
        )

    def __repr__(self) -> str:
        return f"<Router page {self._page}, API {self._api}>"

    async def pass_on(self, request: Request) -> Response:
        """Forward a request to one of the two, and stream the answer back."""
        accept = request.headers.get("accept", "")
        is_pages = is_of_page(request.method, request.url.path, accept)
        upstream = self._page if is_pages else self._api
        headers = [one for one in request.headers.raw if one[0].decode() not in HOP | {"host"}]
        query = f"?{request.url.query}" if request.url.query else ""
        forwarded = self._client.build_request(
            request.method,
            f"{upstream}{request.url.path}{query}",
            headers=headers,
            content=await request.body(),
        )
        answer = await self._client.send(forwarded, stream=True)
        reply = StreamingResponse(
            _raw(answer), status_code=answer.status_code, background=BackgroundTask(answer.aclose)
        )
        kept = [(key.lower(), value) for key, value in answer.headers.raw if key.lower().decode() not in HOP]
        reply.raw_headers = kept
        return reply


def is_of_page(method: str, path: str, accept: str) -> bool:
    """Whether a browser loads it by itself, as it does documents and files."""
    return method in ("GET", "HEAD") and ("text/html" in accept or OF_PAGE.match(path) is not None)


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in answer.aiter_raw():
        yield chunk


def main(arguments: list[str]) -> int:
    """Run the process with --page URL and --api URL."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", required=True)
    parser.add_argument("--api", required=True)
    options = parser.parse_args(arguments)
    router = Router(options.page, options.api)
    routes = [Route("/{path:path}", router.pass_on, methods=METHODS)]
    asyncio.run(serve_announced(Starlette(routes=routes)))
    return 0
