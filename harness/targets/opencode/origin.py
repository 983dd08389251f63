"""A running OpenCode: the program, its scripted model, its listeners, and the faults of an act.

It must never look at what a client was told, and never leave a process behind.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.client.ask import ask
from firstbyte.harness.client.operations import Ids, build
from firstbyte.harness.client.raw import Request
from firstbyte.harness.clock import monotonic_ns, monotonic_of_unix
from firstbyte.harness.model.scenario import Operation, ProductOrigin, Send
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.origin.account import Account
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, start_child
from firstbyte.harness.targets.child_origin import ChildOrigin
from firstbyte.harness.targets.opencode import model
from firstbyte.harness.targets.opencode.account import Observations, SentRequest, account_of, is_settled
from firstbyte.harness.targets.opencode.events import Listener
from firstbyte.harness.targets.opencode.faults import ActFault, DatabaseLock, SlowPlugin
from firstbyte.harness.targets.opencode.log import LogReader
from firstbyte.harness.targets.opencode.model import ModelReport
from firstbyte.harness.targets.opencode.settings import SET_UP, Surroundings
from firstbyte.harness.targets.program import start_program
from firstbyte.harness.targets.talk import SessionTalk

ROLE = "origin"
READY = "/global/health"
PATIENCE_SECONDS = 60.0
"""The time limit of one request of ours: the product can be blocked for seconds, but not for a minute."""


class OpenCode(ChildOrigin):
    """One server with its own folders, port and model."""

    product = "opencode"

    def __init__(self, program: Path, wish: ProductOrigin, folder: Path, release: Callable[[], None]) -> None:
        self.talk = OpenCodeTalk(self)
        self.sent: list[SentRequest] = []
        self.wish = wish
        self._file = program
        self._folder = folder
        self._release = release
        self._around = around = Surroundings(folder)
        self._listener = Listener()
        self._log = LogReader(folder / f"{ROLE}.log")
        self._session = ""
        self._proxy = ""
        self._model: Child | None = None
        locked, slow = wish.database_locked, wish.slow_plugin
        self._lock = None if locked is None else DatabaseLock(as_seconds(locked), around.database, folder)
        self._plugin = None if slow is None else SlowPlugin(as_seconds(slow), around.project, folder)

    async def start(self) -> None:
        """Start the model, the program and the listeners."""
        delay = as_seconds(self.wish.model.delay)
        arguments = ["--delay", str(delay), "--quick", SET_UP]
        self._model = await start_child("model", model.__name__, arguments, self._folder)
        self._around.make(self._model.address)
        self._proxy = (await ask(self._model.address, "GET", "/proxy")).body.decode()
        self._log.start()
        await self.restart()
        await self._warm_up()
        if self._plugin is not None:
            await self._restart_with(self._plugin)

    async def restart(self) -> None:
        """Start the program in the same folders and on the same port."""
        self._child = await start_program(
            ROLE,
            lambda port: self._around.command(self._file, port, self._proxy),
            folder=self._folder,
            ready=READY,
            port=self.address[1],
        )
        await self._listener.start(self.address)

    async def stop(self) -> None:
        """End all processes."""
        try:
            await self._listener.stop()
            await self._log.stop()
            for part in (self._lock, self._child, self._model):
                if part is not None:
                    await part.stop()
        finally:
            release, self._release = self._release, _nothing
            release()

    async def begin(self) -> str:
        """Return the session of the run, after taking the database's lock if the act has one."""
        if self._lock is not None:
            await self._lock.take()
        return self._session

    async def account(self) -> Account:
        """Return what the server reports now, and whether it is still busy."""
        faults: list[ActFault] = [fault for fault in (self._lock, self._plugin) if fault is not None]
        proved = [fault.proved() for fault in faults]
        status = await self._ask("GET", "/session/status")
        observed = Observations(
            sent=tuple(self.sent),
            messages=tuple(await self._ask("GET", f"/session/{self._session}/message")),
            announced=tuple(one for one in self._listener.announced if one.session == self._session),
            calls=(await self._model_report()).calls,
            logged=self._log.read_on(),
            faults=tuple(fault for fault in proved if fault is not None),
            unix_offset_us=monotonic_of_unix(),
        )
        now_us = monotonic_ns() // 1_000
        is_idle = None not in proved and not status and is_settled(observed, now_us, self._listener.last_us)
        return account_of(observed, busy=int(not is_idle))

    async def _warm_up(self) -> None:
        """Make a session with one answered prompt, so that the server's first-time work is done."""
        made = await self._ask("POST", "/session", {"title": "firstbyte"})
        self._session = str(made["id"])
        prompt = {"agent": "build", "parts": [{"type": "text", "text": SET_UP}]}
        await self._ask("POST", f"/session/{self._session}/message", prompt)
        while True:
            self._listener.news.clear()
            if not await self._ask("GET", "/session/status"):
                return
            await self._listener.news.wait()

    async def _restart_with(self, plugin: SlowPlugin) -> None:
        assert self._child is not None
        plugin.install()
        await self._listener.stop()
        await self._child.stop()
        await self.restart()

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the server and return its JSON. Raises OSError, or SetupFailed for an error."""
        content = b"" if body is None else json.dumps(body).encode()
        reply = await asyncio.wait_for(ask(self.address, method, path, content), PATIENCE_SECONDS)
        if not 200 <= reply.status <= 299:
            text = reply.body[:300].decode("utf-8", "replace")
            raise SetupFailed(f"opencode: {method} {path} gave {reply.status}: {text}")
        return json.loads(reply.body) if reply.body else None

    async def _model_report(self) -> ModelReport:
        assert self._model is not None
        return msgspec.json.decode((await ask(self._model.address, "GET", "/report")).body, type=ModelReport)


def _nothing() -> None:
    """Does nothing: the turn has already been released."""


class OpenCodeTalk(SessionTalk):
    """The session API as OpenCode's own pages use it."""

    def __init__(self, server: OpenCode) -> None:
        self._server = server

    async def create_session(self, _address: tuple[str, int]) -> str:
        """Return the session of the warm server. The act's fault begins."""
        return await self._server.begin()

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """Build the request as the pages do. A shell command takes as long as the model would."""
        made = build(self._slowed(send), number=number, session=session, ids=ids)
        chosen = ids.message if ids and send.operation in _WITH_ID else ""
        self._server.sent.append(
            SentRequest(
                number=number,
                operation=send.operation,
                intent=send.text,
                message=chosen,
                at_us=monotonic_ns() // 1_000,
            )
        )
        return msgspec.structs.replace(made, intent=send.text)

    def _slowed(self, send: Send) -> Send:
        if send.operation is not Operation.SHELL:
            return send
        seconds = as_seconds(self._server.wish.model.delay)
        return msgspec.structs.replace(send, text=f"sleep {seconds:g}; echo '{send.text}'")


_WITH_ID = (Operation.PROMPT_ASYNC, Operation.MESSAGE, Operation.INIT)
