"""OpenCode while it runs: the program, its model, what listens to it, and the faults of an act.

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
from firstbyte.harness.targets.opencode import locker, model
from firstbyte.harness.targets.opencode.account import (
    Fault,
    Known,
    Sent,
    account_of,
    is_answered,
    owners_of,
)
from firstbyte.harness.targets.opencode.events import IDLE, Listener
from firstbyte.harness.targets.opencode.log import Logged, LogReader
from firstbyte.harness.targets.opencode.model import Told
from firstbyte.harness.targets.opencode.settings import SET_UP, Surroundings
from firstbyte.harness.targets.program import Program, start_program
from firstbyte.harness.targets.talk import SessionTalk
from firstbyte.harness.targets.target import LOOPBACK

ROLE = "origin"
READY = "/global/health"
PATIENCE_SECONDS = 60.0
"""For one question: the product can be blocked for some seconds, not for a minute."""
QUIET_US = 5_000_000
"""So long without a word, a message that is not there will not come: on a warm server all words of a prompt
come within 2 s of each other (measured on 1.18.33, 2026-11-22)."""
LOCKED, PLUGIN = "database locked", "plugin starts"


class OpenCode:
    """One server with its own folders, port and model."""

    def __init__(self, program: Path, wish: ProductOrigin, folder: Path, release: Callable[[], None]) -> None:
        self.talk = OpenCodeTalk(self)
        self.sent: list[Sent] = []
        self.wish = wish
        self._file = program
        self._folder = folder
        self._release = release
        self._around = Surroundings(folder)
        self._listener = Listener()
        self._log = LogReader(folder / f"{ROLE}.log")
        self._session = ""
        self._proxy = ""
        self._program: Program | None = None
        self._model: Child | None = None
        self._locker: Child | None = None

    def __repr__(self) -> str:
        return f"<OpenCode {self._program}>"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens or did so last."""
        return self._program.address if self._program else (LOOPBACK, 0)

    @property
    def is_running(self) -> bool:
        """Started and not killed since."""
        return self._program is not None and self._program.is_running

    @property
    def pids(self) -> tuple[int, ...]:
        """The program's; its model and what listens to it only wait."""
        return (self._program.pid,) if self._program is not None and self.is_running else ()

    @property
    def project(self) -> Path:
        """The folder it works in."""
        return self._around.project

    # ---- it comes and goes

    async def start(self) -> None:
        """Model, program, listener."""
        delay = as_seconds(self.wish.model.delay)
        arguments = ["--delay", str(delay), "--quick", SET_UP]
        self._model = await start_child("model", model.__name__, arguments, self._folder)
        self._around.make(self._model.address)
        self._proxy = (await ask(self._model.address, "GET", "/proxy")).body.decode()
        self._log.start()
        await self.restart()
        await self._warm_up()
        if self.wish.slow_plugin is not None:
            await self._restart_with_plugin(as_seconds(self.wish.slow_plugin))

    async def restart(self) -> None:
        """On the same folders and port."""
        self._program = await start_program(
            ROLE,
            lambda port: self._around.command(self._file, port, self._proxy),
            folder=self._folder,
            ready=READY,
            port=self.address[1],
        )
        await self._listener.start(self.address)

    async def kill(self) -> None:
        """kill -9."""
        if self._program is None or not self.is_running:
            raise SetupFailed("opencode: is not running; the script kills it twice")
        await self._program.kill()

    async def stop(self) -> None:
        """End all of it."""
        try:
            await self._listener.stop()
            await self._log.stop()
            for one in (self._locker, self._program, self._model):
                if one is not None:
                    await one.stop()
        finally:
            release, self._release = self._release, _nothing
            release()

    # ---- set-up

    async def begin(self) -> str:
        """The session of the run; a lock that was wished for is taken now."""
        if self.wish.database_locked is not None:
            await self._lock(as_seconds(self.wish.database_locked))
        return self._session

    async def _warm_up(self) -> None:
        """A session with one answered prompt: what comes first in a server's life is over."""
        made = await self.ask("POST", "/session", {"title": "firstbyte"})
        self._session = str(made["id"])
        warm = {"agent": "build", "parts": [{"type": "text", "text": SET_UP}]}
        await self.ask("POST", f"/session/{self._session}/message", warm)
        await self._until_idle()

    async def _until_idle(self) -> None:
        while True:
            self._listener.news.clear()
            if not await self.ask("GET", "/session/status"):
                return
            await self._listener.news.wait()

    async def _restart_with_plugin(self, seconds: float) -> None:
        assert self._program is not None
        self._around.add_slow_plugin(seconds)
        await self._listener.stop()
        await self._program.stop()
        await self.restart()

    async def _lock(self, seconds: float) -> None:
        arguments = [str(self._around.database), str(seconds), str(self._lock_proof)]
        self._locker = await start_child("locker", locker.__name__, arguments, self._folder)

    @property
    def _lock_proof(self) -> Path:
        return self._folder / "lock.json"

    # ---- the truth

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A plain question to the server and its JSON. Raises OSError, or SetupFailed for a refusal."""
        content = b"" if body is None else json.dumps(body).encode()
        reply = await asyncio.wait_for(ask(self.address, method, path, content), PATIENCE_SECONDS)
        if not 200 <= reply.status <= 299:
            said = reply.body[:300].decode("utf-8", "replace")
            raise SetupFailed(f"opencode: {method} {path} gave {reply.status}: {said}")
        return json.loads(reply.body) if reply.body else None

    async def told(self) -> Told:
        """What the model knows."""
        assert self._model is not None
        return msgspec.json.decode((await ask(self._model.address, "GET", "/told")).body, type=Told)

    @property
    def is_lost(self) -> bool:
        """Its end is its own failure."""
        return False

    async def account(self) -> Account:
        """What the server says now. Raises SetupFailed when the act's fault can't have been there."""
        faults = self._faults()
        status = await self.ask("GET", "/session/status")
        known = Known(
            sent=tuple(self.sent),
            messages=tuple(await self.ask("GET", f"/session/{self._session}/message")),
            announced=tuple(one for one in self._listener.announced if one.session == self._session),
            calls=(await self.told()).calls,
            logged=self._read_log(),
            faults=faults or (),
            unix_offset_us=monotonic_of_unix(),
        )
        is_busy = faults is None or bool(status) or not self._is_settled(known)
        return account_of(known, busy=int(is_busy))

    def _read_log(self) -> tuple[Logged, ...]:
        self._log.read_on()
        return tuple(self._log.logged)

    def _is_settled(self, known: Known) -> bool:
        """All that is there is answered, and it was idle after the last request or nothing comes any more."""
        last = max((one.at_us for one in self.sent), default=0)
        ends = [fault.ended_us for fault in known.faults]
        is_quiet = monotonic_ns() // 1_000 - max(last, self._listener.last_us, *ends, 0) > QUIET_US
        is_idle = any(one.state == IDLE and one.at_us > last for one in known.announced)
        owners = owners_of(known)
        is_answered_all = all(is_answered(known, message) for message in owners)
        return is_answered_all and (is_quiet or (is_idle and bool(owners)))

    def _faults(self) -> tuple[Fault, ...] | None:
        """Those of the act, as their proofs tell; None while one goes on."""
        found = []
        if self.wish.database_locked is not None:
            if not self._lock_proof.exists():
                return None
            moments = json.loads(self._lock_proof.read_text(encoding="utf-8"))
            found.append(
                Fault(what=LOCKED, began_us=moments[locker.TAKEN], ended_us=moments[locker.RELEASED])
            )
        if self.wish.slow_plugin is not None:
            proof = self._around.plugin_proof
            lines = proof.read_text(encoding="utf-8").splitlines() if proof.exists() else []
            noted = {
                one["what"]: one["unix_ms"] * 1_000 + monotonic_of_unix() for one in map(json.loads, lines)
            }
            if "ended" not in noted:
                return None
            found.append(Fault(what=PLUGIN, began_us=noted["began"], ended_us=noted["ended"]))
        return tuple(found)


def _nothing() -> None:
    """The turn has been given on already."""


class OpenCodeTalk(SessionTalk):
    """The session API as its own pages speak it."""

    def __init__(self, server: OpenCode) -> None:
        self._server = server

    async def create_session(self, _address: tuple[str, int]) -> str:
        """The one of the warm server; the act's fault begins."""
        return await self._server.begin()

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """As its pages make it; a shell command takes as long as the model would."""
        made = build(self._slowed(send), number=number, session=session, ids=ids)
        chosen = ids.message if ids and send.operation in _WITH_ID else ""
        self._server.sent.append(
            Sent(
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
