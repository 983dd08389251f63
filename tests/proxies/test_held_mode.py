"""Held mode: no timer fires by the clock; requests are expired and released by order, over HTTP too."""

import asyncio
import json

import pytest

from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.program.control import Control
from firstbyte.proxies.rules.orders import Action, Next
from tests.proxies.lab import CHUNKED, OK, Lab, forever, get, head_of, on_sockets, profile, simulate


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


async def prompt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await head_of(reader)
        writer.write(OK)


def test_a_held_request_waits_far_beyond_its_limit_until_it_is_expired() -> None:
    async def main(lab: Lab) -> tuple[int, int]:
        client = await lab.connect()
        client.send(get("/x"))
        await asyncio.sleep(500)
        held = lab.edge.held_mode.held()
        assert [(one.method, one.path, one.timer, one.answered) for one in held] == [
            ("GET", "/x", "header", False)
        ]
        assert lab.edge.held_mode.expire(held[0].id)
        seen = await client.answer()
        assert lab.edge.held_mode.held() == []
        return seen.status, seen.end_at

    assert simulate(silent, profile(), main, held=True) == (524, 500_000_000)


def test_an_answer_passes_in_held_mode_unless_it_was_ordered_to_wait() -> None:
    async def main(lab: Lab) -> list[object]:
        lab.edge.held_mode.order_next(Next(action=Action.HOLD, method="POST", path="/held/*"))
        assert (await lab.ask(get("/"))).status == 200
        client = await lab.connect()
        client.send(b"POST /held/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(300)
        (held,) = lab.edge.held_mode.held()
        assert lab.edge.held_mode.release(held.id)
        seen = await client.answer()
        return [held.answered, seen.status, seen.body, seen.end_at]

    assert simulate(prompt, profile(), main, held=True) == [True, 200, b"ok", 300_000_000]


def test_a_waiting_answer_can_still_be_expired() -> None:
    async def main(lab: Lab) -> int:
        lab.edge.held_mode.order_next(Next(action=Action.HOLD))
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(1)
        lab.edge.held_mode.expire(lab.edge.held_mode.held()[0].id)
        return (await client.answer()).status

    assert simulate(prompt, profile(), main, held=True) == 524


def test_the_next_request_expires_once_it_is_with_the_origin() -> None:
    async def main(lab: Lab) -> list[int]:
        lab.edge.held_mode.order_next(Next(action=Action.EXPIRE, count=2))
        statuses = [(await lab.ask(get())).status for _ in range(3)]
        assert len(lab.kinds(Kind.REQUEST_FORWARDED)) == 3
        return statuses

    assert simulate(prompt, profile(), main, held=True) == [524, 524, 200]


def test_expiring_a_stream_cuts_it() -> None:
    async def streaming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(CHUNKED + b"1\r\nx\r\n")
        await forever()

    async def main(lab: Lab) -> tuple[bytes, str]:
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(100)
        lab.edge.held_mode.expire(lab.edge.held_mode.held()[0].id)
        seen = await client.answer()
        return seen.body, seen.end

    assert simulate(streaming, profile(), main, held=True) == (b"x", "truncated")


async def call(
    address: tuple[str, int], method: str, path: str, body: object = None, token: str = "secret"
) -> tuple[int, object]:
    reader, writer = await asyncio.open_connection(*address)
    data = b"" if body is None else json.dumps(body).encode()
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(data)}\r\n\r\n".encode()
        + data
    )
    head = await reader.readuntil(b"\r\n\r\n")
    answer = json.loads(await reader.read())
    writer.close()
    return int(head.split()[1]), answer


def test_the_control_port_lists_expires_and_orders() -> None:
    async def main(lab: Lab) -> list[int]:
        control = Control(lab.edge.held_mode, "secret")
        address = await control.start("127.0.0.1", 0)
        client = await lab.connect()
        client.send(get("/x"))
        held = await wait_for_one(address)
        statuses = [(await call(address, "POST", f"/held/{held}/expire"))[0], (await client.answer()).status]
        statuses.append((await call(address, "POST", f"/held/{held}/release"))[0])
        statuses.append((await call(address, "POST", "/next", {"count": 1, "action": "expire"}))[0])
        statuses.append((await lab.ask(get())).status)
        await control.close()
        return statuses

    assert on_sockets(silent, profile(), main, held=True) == [200, 524, 404, 200, 524]


async def wait_for_one(address: tuple[str, int]) -> int:
    while True:
        _, answer = await call(address, "GET", "/held")
        assert isinstance(answer, dict)
        if answer["held"]:
            number: int = answer["held"][0]["id"]
            return number


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status"),
    [
        pytest.param("GET", "/held", None, "wrong", 401, id="wrong-token"),
        pytest.param("GET", "/held", None, "", 401, id="no-token"),
        pytest.param("POST", "/next", {"count": 1, "action": "explode"}, "secret", 400, id="unknown-action"),
        pytest.param("POST", "/next", {"acton": "hold"}, "secret", 400, id="unknown-key"),
        pytest.param("DELETE", "/held", None, "secret", 405, id="wrong-method"),
        pytest.param("GET", "/else", None, "secret", 404, id="unknown-path"),
    ],
)
def test_the_control_port_refuses(method: str, path: str, body: object, token: str, status: int) -> None:
    async def main(lab: Lab) -> int:
        control = Control(lab.edge.held_mode, "secret")
        address = await control.start("127.0.0.1", 0)
        try:
            return (await call(address, method, path, body, token))[0]
        finally:
            await control.close()

    assert simulate(silent, profile(), main, held=True) == status


def test_the_connection_of_an_answer_that_waited_carries_the_next_request() -> None:
    async def main(lab: Lab) -> tuple[int, int, int]:
        lab.edge.held_mode.order_next(Next(action=Action.HOLD))
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(5)
        lab.edge.held_mode.release(lab.edge.held_mode.held()[0].id)
        first = await client.answer()
        client.send(get())
        async with asyncio.timeout(10):
            second = await client.answer()
        return first.status, second.status, lab.connections

    assert simulate(prompt, profile(), main, held=True) == (200, 200, 1)


def test_the_connection_of_a_waiting_answer_carries_the_request_of_another_client() -> None:
    async def main(lab: Lab) -> tuple[int, int, int]:
        lab.edge.held_mode.order_next(Next(action=Action.HOLD, path="/held"))
        client = await lab.connect()
        client.send(get("/held"))
        await asyncio.sleep(5)
        async with asyncio.timeout(10):
            other = await lab.ask(get("/free"))
        lab.edge.held_mode.release(lab.edge.held_mode.held()[0].id)
        return other.status, (await client.answer()).status, lab.connections

    assert simulate(prompt, profile(), main, held=True) == (200, 200, 1)
