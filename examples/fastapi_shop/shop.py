"""A shop that takes orders twice: one way keeps the client waiting, the other answers first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI

orders: list[str] = []
"""What is stored. A shop would have a database."""
packed: list[str] = []
PACKING_SECONDS = 130


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    orders.clear()
    packed.clear()
    yield


app = FastAPI(lifespan=lifespan)


async def pack(what: str) -> None:
    await asyncio.sleep(PACKING_SECONDS)
    packed.append(what)


@app.post("/waiting/{what}", status_code=201)
async def order_and_wait(what: str) -> dict[str, str]:
    """Answers when the order is packed. An edge gives up before."""
    orders.append(what)
    await pack(what)
    return {"packed": what}


@app.post("/at-once/{what}", status_code=202)
async def order(what: str, background: BackgroundTasks) -> dict[str, str]:
    """Answers when the order is stored."""
    orders.append(what)
    background.add_task(pack, what)
    return {"status": f"/status/{what}"}


@app.get("/status/{what}")
async def status(what: str) -> dict[str, bool]:
    return {"packed": what in packed}
