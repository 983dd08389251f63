"""When an edge sends a request again, and when it must not."""

import asyncio

import pytest

from firstbyte.harness.model.profile import CloseKind, OriginSide, Resend, ResendCause
from firstbyte.harness.model.timeline import Kind
from firstbyte.harness.model.units import Duration, seconds
from tests.proxies.lab import OK, Lab, Script, forever, get, head_of, post, profile, simulate

ALL = tuple(ResendCause)


def failing(times: int, how: str, heads: list[bytes]) -> Script:
    """Fails that many requests, then answers."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await head_of(reader)
            if b"Content-Length: 5" in head:
                head += await reader.readexactly(5)
            heads.append(head)
            if len(heads) > times:
                writer.write(OK)
                continue
            match how:
                case "stall":
                    await forever()
                case "close":
                    return
                case "partial":
                    writer.write(b"HTTP/1.1 200 O")
                    return
                case "garbage":
                    writer.write(b"nonsense\r\n\r\n")
                    return
                case "status":
                    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    return script


@pytest.mark.parametrize(
    ("how", "cause", "first_status"),
    [
        ("stall", ResendCause.TIMER, 524),
        ("close", ResendCause.CLOSED, 520),
        ("partial", ResendCause.PARTIAL, 527),
        ("garbage", ResendCause.GARBAGE, 526),
        ("status", ResendCause.STATUS, 503),
    ],
)
def test_each_cause_is_a_rule_of_its_own(how: str, cause: ResendCause, first_status: int) -> None:
    def play(causes: tuple[ResendCause, ...]) -> tuple[int, int]:
        heads: list[bytes] = []

        async def main(lab: Lab) -> tuple[int, int]:
            return (await lab.ask(get())).status, len(heads)

        rule = Resend(methods=("GET",), causes=causes, statuses=(503,))
        return simulate(failing(1, how, heads), profile(resend=(rule,)), main)

    assert play((cause,)) == (200, 2)
    assert play(tuple(one for one in ALL if one is not cause)) == (first_status, 1)


@pytest.mark.parametrize(
    ("rule", "request_", "count"),
    [
        pytest.param(Resend(methods=("GET",), causes=ALL, attempts=3), get(), 3, id="three-in-all"),
        pytest.param(Resend(methods=("GET",), causes=ALL), post(b"hello"), 1, id="another-method"),
        pytest.param(Resend(methods=("POST",), causes=ALL), post(b"hello"), 2, id="with-its-body"),
        pytest.param(Resend(methods=("POST",), causes=ALL, body=False), post(b"hello"), 1, id="no-bodies"),
        pytest.param(Resend(methods=("POST",), causes=ALL, body=False), post(b""), 2, id="an-empty-body"),
    ],
)
def test_the_rule_says_what_is_sent_how_often(rule: Resend, request_: bytes, count: int) -> None:
    heads: list[bytes] = []

    async def main(lab: Lab) -> int:
        seen = await lab.ask(request_)
        assert seen.status == 524
        return seen.end_at

    at = simulate(failing(9, "stall", heads), profile(resend=(rule,)), main)
    assert len(heads) == count
    assert len(set(heads)) == 1
    assert at == count * 1_000_000


def test_a_pause_comes_between_two_attempts() -> None:
    heads: list[bytes] = []
    rule = Resend(methods=("GET",), causes=(ResendCause.CLOSED,), attempts=3, delay=seconds(2))

    async def main(lab: Lab) -> tuple[int, int, list[object]]:
        seen = await lab.ask(get())
        return seen.status, seen.end_at, [data["cause"] for _, data in lab.kinds(Kind.RESENT)]

    assert simulate(failing(2, "close", heads), profile(resend=(rule,)), main) == (
        200,
        4_000_000,
        ["closed", "closed"],
    )


def test_a_body_too_long_to_keep_is_sent_once() -> None:
    heads: list[bytes] = []
    rule = Resend(methods=("POST",), causes=ALL)

    async def main(lab: Lab) -> int:
        return (await lab.ask(post(b"hello"))).status

    assert simulate(failing(1, "close", heads), profile(resend=(rule,)), main, max_replay_bytes=4) == 520
    assert len(heads) == 1


def test_a_refused_connection_is_tried_again() -> None:
    rule = Resend(methods=("GET",), causes=(ResendCause.CONNECT,), attempts=4, delay=seconds(1))

    async def main(lab: Lab) -> tuple[int, int, int]:
        await lab.stop_origin()
        seen = await lab.ask(get())
        return seen.status, seen.end_at, len(lab.kinds(Kind.CONNECT_FAILED))

    assert simulate(failing(0, "close", []), profile(resend=(rule,)), main) == (521, 3_000_000, 4)


@pytest.mark.parametrize(("after", "count"), [(True, 3), (False, 1)])
def test_requests_of_a_client_that_left_are_sent_again_only_when_the_rule_says_so(
    after: bool, count: int
) -> None:
    heads: list[bytes] = []
    rule = Resend(methods=("GET",), causes=ALL, attempts=3, after_client_left=after)

    async def main(lab: Lab) -> None:
        client = await lab.connect()
        client.send(get())
        await asyncio.sleep(0.1)
        client.close()
        await asyncio.sleep(10)

    side = OriginSide(on_client_leave=CloseKind.NOTHING)
    simulate(failing(9, "stall", heads), profile(resend=(rule,), origin=side), main)
    assert len(heads) == count


@pytest.mark.parametrize(("causes", "status", "count"), [((ResendCause.STALE,), 200, 3), ((), 520, 2)])
def test_a_pooled_connection_that_turns_out_closed(
    causes: tuple[ResendCause, ...], status: int, count: int
) -> None:
    heads: list[bytes] = []

    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(OK)
        # The second request on this connection is read and never answered.
        heads.append(await head_of(reader))

    async def main(lab: Lab) -> int:
        await lab.ask(get())
        return (await lab.ask(get())).status

    rule = Resend(methods=("GET",), causes=causes, delay=Duration(0))
    assert simulate(one_each, profile(resend=(rule,)), main) == status
    assert len(heads) == count
