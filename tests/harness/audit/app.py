"""A FastAPI application as people write them, in a thread of its own, that counts what it is asked."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from firstbyte.harness.clock import monotonic_ns

SLOW_SECONDS = 1.1
KEY = "k3y-k3y-k3y-k3y"


@dataclass
class Hits:
    """Labels of the operations in the order in which they came, with the time of each in seconds."""

    labels: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def __call__(self, label: str) -> None:
        self.labels.append(label)
        self.times.append(monotonic_ns() / 1e9)


def make_app(hits: Hits) -> FastAPI:
    app = FastAPI(title="shop")

    @app.get("/items")
    async def items(limit: Annotated[int, Query(ge=1, le=10)]) -> list[int]:
        hits("GET /items")
        return list(range(limit))

    @app.get("/items/{item}")
    async def item(item: str) -> dict[str, str]:
        hits(f"GET /items/{item}")
        return {"item": item}

    @app.post("/items", status_code=204, response_class=Response)
    async def add(name: str) -> None:
        hits("POST /items")

    @app.delete("/items/{item}", status_code=204, response_class=Response)
    async def remove(item: str) -> None:
        hits("DELETE /items/{item}")

    @app.get("/report")
    async def report() -> dict[str, int]:
        hits("GET /report")
        await asyncio.sleep(SLOW_SECONDS)
        return {"rows": 3}

    @app.get("/feed")
    async def feed() -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            yield "data: 1\n\n"

        hits("GET /feed")
        return StreamingResponse(events(), media_type="text/event-stream")

    @app.get("/private")
    async def private(x_api_key: Annotated[str, Header()]) -> dict[str, bool]:
        hits("GET /private")
        if x_api_key != KEY:
            raise HTTPException(status_code=401)
        return {"ok": True}

    return app


@contextmanager
def running(hits: Hits) -> Iterator[str]:
    """Its address; the server is gone afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(hits), log_level="critical", lifespan="off"))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
