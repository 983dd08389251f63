"""Two clients that send again after a gateway's error: one with a key, one as if nothing had happened."""

import uuid

import httpx

GATEWAY = {502, 503, 504, 520, 522, 524}
TRIES = 3


async def order_blindly(client: httpx.AsyncClient, what: str) -> httpx.Response:
    """Each try is a new order to the server."""
    for _ in range(TRIES):
        reply = await client.post("/orders", json={"what": what})
        if reply.status_code not in GATEWAY:
            break
    return reply


async def order_with_key(client: httpx.AsyncClient, what: str) -> httpx.Response:
    """Each try is the same order: the server knows it by its key, and answers as it did before."""
    key = str(uuid.uuid4())
    for _ in range(TRIES):
        reply = await client.post("/orders", json={"what": what}, headers={"Idempotency-Key": key})
        if reply.status_code not in GATEWAY:
            break
    return reply
