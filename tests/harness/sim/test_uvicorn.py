"""Unmodified uvicorn and Starlette run in virtual time, the same to the byte and microsecond every time."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firstbyte.harness.sim import Movement, Sim, run_sim

REQUEST = b"GET /%s HTTP/1.1\r\nhost: origin\r\nconnection: close\r\n\r\n"


async def _slow(_request: Request) -> Response:
    await asyncio.sleep(100)
    return PlainTextResponse("hello")


def _threaded(_request: Request) -> Response:
    return PlainTextResponse("from a thread")


async def _several(_request: Request) -> Response:
    await asyncio.gather(*(asyncio.sleep(each / 10) for each in range(20)))
    return PlainTextResponse("gathered")


APP = Starlette(routes=[Route("/slow", _slow), Route("/threaded", _threaded), Route("/several", _several)])
CONFIG = Config(APP, http="h11", ws="none", lifespan="off", log_config=None, access_log=False)


async def _exchange(sim: Sim, path: bytes) -> tuple[bytes, int, list[Movement]]:
    seen: list[Movement] = []
    sim.network.observe(seen.append)
    origin, state = sim.network.host("origin"), ServerState()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: H11Protocol(CONFIG, state, {}), "origin", 80)

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("origin", 80)
        writer.write(REQUEST % path)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    await origin.start(serve())
    answer = await sim.network.host("client").start(ask())
    return answer, sim.clock.now(), seen


def _digest() -> str:
    """One run of everything, as text: what `python test_uvicorn.py` prints."""

    async def main(sim: Sim) -> str:
        runs = await asyncio.gather(_exchange(sim, b"slow"), _again(sim), _again(sim))
        return hashlib.sha256(repr((runs, sim.random.random())).encode()).hexdigest()

    return run_sim(main, seed=3)


async def _again(sim: Sim) -> bytes:
    await asyncio.sleep(0.5)
    reader, writer = await asyncio.open_connection("origin", 80)
    writer.write(REQUEST % b"several")
    answer = await reader.read()
    writer.close()
    return answer + str(sim.clock.now()).encode()


def test_uvicorn_and_starlette_answer_after_a_hundred_virtual_seconds() -> None:
    async def main(sim: Sim) -> tuple[bytes, int, list[Movement]]:
        return await _exchange(sim, b"slow")

    answer, ended, seen = run_sim(main)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhello")
    assert ended == 100_000_000
    assert next(each.at for each in seen if each.source == "origin") == 100_000_000


def test_an_endpoint_that_needs_a_thread_answers_from_one() -> None:
    async def main(sim: Sim) -> tuple[bytes, int, list[Movement]]:
        return await _exchange(sim, b"threaded")

    answer, _, _ = run_sim(main)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_thousand_runs_are_the_same() -> None:
    assert len({_digest() for _ in range(1_000)}) == 1


def test_the_hash_seed_changes_nothing() -> None:
    def run(seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, str(Path(__file__))]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert {run("0"), run("1"), run("4242")} == {_digest()}


if __name__ == "__main__":
    print(_digest())  # noqa: T201  # the other process's answer
