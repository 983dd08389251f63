"""The script plays the client's part: its ids, its connections, its doubts, and nothing it could not know."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from firstbyte.harness.client.ask import create_session
from firstbyte.harness.clock import Clock, RealClock
from firstbyte.harness.model.scenario import (
    KillOrigin,
    Operation,
    Pause,
    Reconcile,
    RestartOrigin,
    Scenario,
    Send,
    ServerOrigin,
    Step,
)
from firstbyte.harness.model.timeline import Event, Kind, Timeline
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.model.verdict import Belief, BeliefRule, Verdict
from firstbyte.harness.origin.account import Account
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.runner.plan import Options, make_plan
from firstbyte.harness.runner.play import run_in_sim
from firstbyte.harness.runner.script import Script
from firstbyte.harness.runner.selection import select
from firstbyte.harness.targets.talk import SessionTalk
from tests.harness.loopback import Address, Watcher, head_of, serving

MESSAGES = [
    {"info": {"role": "user"}, "parts": [{"type": "text", "text": "hello"}]},
    {"info": {"role": "assistant"}, "parts": [{"type": "text", "text": "an answer"}, {"type": "step"}]},
]

HELD: list[tuple[str, bytes, str, bool]] = [
    ("its text", json.dumps(MESSAGES).encode(), "hello", True),
    ("another text", json.dumps(MESSAGES).encode(), "goodbye", False),
    ("an answer's text", json.dumps(MESSAGES).encode(), "an answer", False),
    ("no messages", b"[]", "hello", False),
    ("no JSON", b"<html>", "hello", False),
    ("another JSON", b'{"error": 1}', "hello", False),
    ("no list", b"3", "hello", False),
    ("no parts", b'[{"info": {"role": "user"}}]', "hello", False),
    ("no objects", b'[{"info": {"role": "user"}, "parts": ["hello"]}]', "hello", False),
]


@pytest.mark.parametrize(("name", "body", "intent", "held"), HELD, ids=[row[0] for row in HELD])
def test_an_intent_is_there_when_a_user_message_has_its_text(
    name: str, body: bytes, intent: str, held: bool
) -> None:
    assert SessionTalk().holds(body, intent) is held, name


class LoopbackStage:
    """A stage around one scripted server: the script's own view, without processes."""

    talk = SessionTalk()

    def __init__(self, scenario: Scenario, address: Address) -> None:
        self.scenario = scenario
        self.front = self.back = address
        self.done: list[str] = []
        self._watcher = Watcher()
        self._clock = RealClock()

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def kinds(self) -> list[Kind]:
        return self._watcher.kinds()

    def token(self, length: int) -> str:
        return "a" * length

    def wall_ms(self) -> int:
        return 1_772_000_000_000

    def report(self, event: Event) -> None:
        self._watcher.report(event)

    def timeline(self, account: Account) -> Timeline:
        raise NotImplementedError

    async def create_session(self) -> str:
        return await create_session(self.back)

    async def pause(self, duration: Duration) -> None:
        self.done.append(f"pause {duration}")

    async def account(self) -> Account:
        raise NotImplementedError

    async def settle(self, most: Duration) -> None:
        raise NotImplementedError

    async def kill_origin(self) -> None:
        self.done.append("kill")

    async def restart_origin(self) -> None:
        self.done.append("restart")

    def is_origin_up(self) -> bool:
        return True


class SessionServer:
    """Answers the session API as told: messages is what GET messages gives, status that of a prompt."""

    def __init__(self, messages: Sequence[tuple[int, bytes]] = (), status: int = 504) -> None:
        self._status = status
        self.prompts: list[dict[str, Any]] = []
        self.asked = 0
        self._messages = list(messages)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await head_of(reader)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
            body = await reader.readexactly(length)
            writer.write(self._answer(head.split(b" ")[1].decode(), body))

    def _answer(self, path: str, body: bytes) -> bytes:
        if path == "/session":
            return _answer(200, b'{"id": "ses_1"}')
        if path.endswith("/message"):
            self.asked += 1
            return _answer(*self._messages.pop(0)) if self._messages else b"garbage\r\n\r\n"
        self.prompts.append(json.loads(body))
        return _answer(self._status, b"")


def _answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def play(
    server: SessionServer, *steps: Step, belief: BeliefRule = BeliefRule.STATUS
) -> tuple[list[Belief | None], LoopbackStage]:
    scenario = msgspec.structs.replace(select(["act-1"])[0], step=steps, belief=belief)
    async with serving(server) as address:
        stage = LoopbackStage(scenario, address)
        exchanges = await Script(stage).play()
    return [one.settled for one in exchanges], stage


async def test_ids_are_new_the_same_the_messages_alone_or_none() -> None:
    server = SessionServer()
    await play(server, *(Send(ids=ids) for ids in ("new", "same", "same-message", "new", "none", "same")))
    seen = [(one.get("messageID"), one["parts"][0].get("id")) for one in server.prompts]
    first, second, third, fourth, fifth, sixth = seen
    assert first == second
    assert third == (first[0], None)
    assert None not in fourth
    assert fourth[0] != first[0]
    assert fifth == (None, None)
    assert sixth == fourth


async def test_the_same_ids_as_nothing_before_are_new_ones() -> None:
    server = SessionServer()
    await play(server, Send(ids="same"))
    assert server.prompts[0]["messageID"].startswith("msg_")


async def test_steps_are_played_in_their_order_and_noted() -> None:
    _, stage = await play(SessionServer(), Pause(duration=seconds(1)), KillOrigin(), RestartOrigin(), Send())
    assert stage.done == ["pause 1000000", "kill", "restart"]
    assert stage.kinds[:2] == [Kind.KILLED, Kind.RESTARTED]


@pytest.mark.parametrize(("status", "sent"), [(504, 2), (500, 2), (400, 2), (204, 1), (200, 1)])
async def test_nobody_sends_again_what_was_told_to_have_succeeded(status: int, sent: int) -> None:
    server = SessionServer(status=status)
    await play(server, Send(), Send(after="failure"))
    assert len(server.prompts) == sent


async def test_what_a_careful_client_has_found_there_is_not_sent_again() -> None:
    there = [(200, json.dumps(MESSAGES).encode())]
    for belief, sent in ((BeliefRule.CAREFUL, 1), (BeliefRule.STATUS, 2)):
        server = SessionServer(there)
        steps = (Send(text="hello"), Reconcile(), Send(text="hello", after="failure"))
        await play(server, *steps, belief=belief)
        assert len(server.prompts) == sent


RECONCILED: list[tuple[str, list[tuple[int, bytes]], Belief | None, int]] = [
    ("there", [(200, json.dumps(MESSAGES).encode())], Belief.OK, 1),
    ("not there", [(200, b"[]")], Belief.FAILED, 1),
    ("an error, then there", [(502, b""), (200, json.dumps(MESSAGES).encode())], Belief.OK, 2),
    ("errors only", [(502, b""), (502, b""), (502, b""), (200, b"[]")], None, 3),
    ("garbage only", [], None, 3),
]


@pytest.mark.parametrize(
    ("name", "messages", "belief", "asked"), RECONCILED, ids=[row[0] for row in RECONCILED]
)
async def test_a_careful_client_believes_what_it_reads_and_asks_three_times(
    name: str, messages: list[tuple[int, bytes]], belief: Belief | None, asked: int
) -> None:
    server = SessionServer(messages)
    settled, _ = await play(server, Send(text="hello"), Reconcile())
    assert (settled, server.asked) == ([belief], asked), name


async def test_a_reconciliation_settles_the_last_request_only() -> None:
    server = SessionServer([(200, json.dumps(MESSAGES).encode())])
    settled, _ = await play(server, Send(text="hello"), Send(text="hello"), Reconcile())
    assert settled == [None, Belief.OK]


async def test_requests_that_are_not_waited_for_have_connections_of_their_own() -> None:
    server = SessionServer()
    _, stage = await play(server, Send(wait=False), Send(wait=False), Send(connection="reuse"))
    assert stage.kinds.count(Kind.CONNECTED) == 3
    assert len(server.prompts) == 3


async def test_a_connection_is_reused_when_the_scenario_says_so() -> None:
    _, stage = await play(SessionServer(), Send(), Send(connection="reuse"))
    assert stage.kinds.count(Kind.CONNECTED) == 1


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", _answer(200, b"<html>"), _answer(200, b"{}"), b""])
async def test_an_origin_that_gives_no_session_is_a_set_up_error(answer: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer)

    async with serving(script) as address:
        with pytest.raises(
            SetupFailed, match=f"origin 127.0.0.1:{address[1]}: POST /session gave no session"
        ):
            await create_session(address)


def test_a_bare_request_needs_no_session() -> None:
    scenario = msgspec.structs.replace(
        select(["act-1"])[0],
        step=(Send(operation=Operation.REQUEST, method="GET", path="/global/health"),),
        origin=ServerOrigin(),
    )
    run = run_in_sim(msgspec.structs.replace(make_plan(scenario, "direct", Options()), expect=None))
    assert [(one.status, one.path) for one in run.exchanges] == [(200, "/global/health")]


DOUBTS: list[tuple[str, tuple[Step, ...], Verdict]] = [
    ("stored, and read back", (Send(), Reconcile()), Verdict.DELIVERED),
    ("stored, and nobody asks", (Send(),), Verdict.UNRESOLVED),
    ("not there", (KillOrigin(), Send(), RestartOrigin(), Reconcile()), Verdict.REFUSED),
    ("nobody to ask", (KillOrigin(), Send(), Reconcile()), Verdict.UNRESOLVED),
]


@pytest.mark.parametrize(("name", "steps", "verdict"), DOUBTS, ids=[row[0] for row in DOUBTS])
def test_a_doubt_is_settled_by_reading_through_the_edge(
    name: str, steps: tuple[Step, ...], verdict: Verdict
) -> None:
    scenario = msgspec.structs.replace(select(["act-1"])[0], step=steps, belief=BeliefRule.CAREFUL)
    plan = make_plan(scenario, "cloudflare-100", Options())
    run = run_in_sim(msgspec.structs.replace(plan, expect=None))
    assert run.judgement is not None, (name, run.problem)
    assert run.judgement.verdict is verdict, name
