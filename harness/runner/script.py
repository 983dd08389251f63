"""Plays a scenario's client script on a stage and brings back what the client saw.

It never looks at the origin or the edge while it plays: a client has only the wire.
"""

import asyncio
from typing import assert_never

import msgspec

from firstbyte.harness.client.ask import ask
from firstbyte.harness.client.operations import IdMint, Ids
from firstbyte.harness.client.raw import RawClient
from firstbyte.harness.model.judge import belief_of
from firstbyte.harness.model.scenario import (
    KillOrigin,
    Operation,
    Pause,
    Reconcile,
    RestartOrigin,
    Scenario,
    Send,
    Step,
)
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.verdict import Belief, ClientExchange
from firstbyte.harness.runner.stage import RunStage

RECONCILE_TRIES = 3


class Script:
    """Plays a scenario once."""

    def __init__(self, stage: RunStage) -> None:
        self._scenario = stage.scenario
        self._stage = stage
        self._mint = IdMint(stage.wall_ms, stage.token)
        self._clients = [self._new_client()]
        self._ids: Ids | None = None
        self._session = ""
        self._sent = 0
        self._flying: dict[int, asyncio.Task[ClientExchange]] = {}
        self._settled: dict[int, Belief] = {}

    def __repr__(self) -> str:
        return f"<Script {self._scenario.id}, {self._sent} sent, {len(self._flying)} in flight>"

    async def play(self) -> tuple[ClientExchange, ...]:
        """Play all steps, then wait for the requests in flight. Exchanges are in the order of sending."""
        if _needs_session(self._scenario):
            self._session = await self._stage.create_session()
        try:
            for step in self._scenario.step:
                await self._play_step(step)
            exchanges = [await task for task in self._flying.values()]
        finally:
            for task in self._flying.values():
                task.cancel()
            for client in self._clients:
                client.close()
        return tuple(_with_settled(one, self._settled.get(one.id)) for one in exchanges)

    async def _play_step(self, step: Step) -> None:
        match step:
            case Send(after="failure") if self._has_succeeded():
                pass
            case Send():
                await self._send(step)
            case Pause():
                await self._stage.pause(step.duration)
            case KillOrigin():
                await self._stage.kill_origin()
                self._note(Kind.KILLED)
            case RestartOrigin():
                await self._stage.restart_origin()
                self._note(Kind.RESTARTED)
            case Reconcile():
                await self._reconcile()
            case _:
                assert_never(step)

    def _new_client(self) -> RawClient:
        return RawClient(self._stage.front, clock=self._stage.clock, report=self._stage.report)

    def _note(self, kind: Kind) -> None:
        self._stage.report(Event(at=self._stage.clock.now(), actor=Actor.ORIGIN, kind=kind))

    def _has_succeeded(self) -> bool:
        """Whether the client was told that its last send succeeded."""
        last = self._flying.get(self._sent)
        if last is None or not last.done():
            return False
        exchange = _with_settled(last.result(), self._settled.get(self._sent))
        return belief_of(exchange, self._scenario.belief) is Belief.OK

    async def _send(self, send: Send) -> None:
        self._sent += 1
        number = self._sent
        request = self._stage.talk.request(
            send, number=number, session=self._session, ids=self._ids_for(send)
        )
        client = self._clients[0]
        if not send.wait:  # a second tab: its connection is its own
            client = self._new_client()
            self._clients.append(client)
        task = asyncio.ensure_future(client.exchange(request, reuse=send.connection == "reuse"))
        self._flying[number] = task
        if send.wait:
            await task

    def _ids_for(self, send: Send) -> Ids | None:
        match send.ids:
            case "none":
                return None
            case "new":
                self._ids = self._mint.new()
            case "same-message" if self._ids is not None:
                self._ids = Ids(message=self._ids.message, part="")
            case _:
                self._ids = self._ids or self._mint.new()
        return self._ids

    async def _reconcile(self) -> None:
        """Read the messages through the edge, as a careful client does, and settle the belief by them."""
        number = self._sent
        intent = next(step.text for step in reversed(self._scenario.step) if isinstance(step, Send))
        for _ in range(RECONCILE_TRIES):
            try:
                reply = await ask(self._stage.front, "GET", self._stage.talk.reading(self._session))
            except OSError:
                continue
            if reply.status == 200:
                held = self._stage.talk.holds(reply.body, intent)
                self._settled[number] = Belief.OK if held else Belief.FAILED
                return


def _needs_session(scenario: Scenario) -> bool:
    return any(isinstance(one, Send) and one.operation is not Operation.REQUEST for one in scenario.step)


def _with_settled(exchange: ClientExchange, belief: Belief | None) -> ClientExchange:
    return msgspec.structs.replace(exchange, settled=belief)
