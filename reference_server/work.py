"""The work of all sessions: one loop for each busy session, which answers its prompts in turns.

A prompt that arrives while the loop runs is stored, and the same loop answers it in its next turn. A turn
answers the newest unanswered message and settles the older ones with it. As in the real server, all jobs of a
session are done when its loop ends; a job must never be left pending.
"""

import asyncio
from typing import assert_never

import msgspec

from firstbyte.reference_server import turns
from firstbyte.reference_server.config import Turn
from firstbyte.reference_server.core import Core
from firstbyte.reference_server.documents import JsonObject
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.model import ModelFailed, Pause
from firstbyte.reference_server.prompts import PromptKind
from firstbyte.reference_server.store import Message
from firstbyte.reference_server.tasks import Tasks

type Job = asyncio.Future[JsonObject]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One durable prompt to answer. Its model waits by calling `pause`."""

    ticket: Ticket
    kind: PromptKind
    shell_command: str = ""
    pause: Pause = asyncio.sleep


class SessionLoop(msgspec.Struct, kw_only=True):
    """The current work of one session."""

    session: str
    assignments: list[Assignment] = []
    waiting: list[Job] = []
    turn: turns.Answering | None = None
    is_aborted: bool = False
    task: asyncio.Task[None] | None = None


class Work:
    """The loops of all sessions, and the prompts that are not settled."""

    def __init__(self, core: Core, tasks: Tasks) -> None:
        self._core = core
        self._tasks = tasks
        self._loops: dict[str, SessionLoop] = {}
        self._open: set[Ticket] = set()
        self._quiet: list[asyncio.Future[None]] = []
        self._turns = 0

    def __repr__(self) -> str:
        return f"<Work {len(self._loops)} sessions busy, {len(self._open)} prompts open>"

    @property
    def open_prompts(self) -> int:
        """The number of prompts that are neither finished, failed nor aborted."""
        return len(self._open)

    def open(self, ticket: Ticket) -> None:
        """Adds an admitted prompt to the open ones."""
        self._open.add(ticket)

    def settle(self, ticket: Ticket) -> None:
        """Removes a prompt from the open ones."""
        self._close({ticket})

    async def quiet(self) -> None:
        """Waits until no prompt is open."""
        while self._open:
            waiter = asyncio.get_running_loop().create_future()
            self._quiet.append(waiter)
            await waiter

    def _close(self, tickets: set[Ticket]) -> None:
        self._open -= tickets
        if not self._open:
            for waiter in self._quiet:
                if not waiter.done():
                    waiter.set_result(None)
            self._quiet.clear()

    def is_open(self, message_id: str) -> bool:
        """True while a prompt with that message id is being worked on."""
        return any(ticket.message == message_id for ticket in self._open)

    def busy_sessions(self) -> list[str]:
        """Returns the sessions whose loop is running."""
        return list(self._loops)

    def submit(self, assignment: Assignment) -> Job:
        """Gives a durable prompt to its session's loop. The returned job is done when the loop ends."""
        session = assignment.ticket.session
        job: Job = asyncio.get_running_loop().create_future()
        loop = self._loops.get(session)
        if loop is None:
            loop = self._loops[session] = SessionLoop(session=session)
        loop.assignments.append(assignment)
        loop.waiting.append(job)
        if loop.task is None:
            loop.task = self._tasks.spawn(self._run(loop), name=f"session {session}")
            loop.task.add_done_callback(lambda task: _release(loop, task))
        return job

    def abort(self, session: str) -> None:
        """Stops the session's work. Its prompts are recorded as aborted."""
        loop = self._loops.get(session)
        if loop is None or loop.task is None or loop.is_aborted:
            return
        loop.is_aborted = True
        # Before the first turn there is nothing to interrupt, and the loop checks the flag.
        if loop.turn is not None:
            loop.task.cancel()

    async def _run(self, loop: SessionLoop) -> None:
        user: Message | None = None
        try:
            while (unanswered := self._next(loop)) and not loop.is_aborted:
                user = await self._turn(loop, unanswered)
        except asyncio.CancelledError:
            if not loop.is_aborted or loop.turn is None:
                raise
            turns.abort(loop.turn)
            user = self._settle_turn(loop)
        self._end(loop, user)

    def _next(self, loop: SessionLoop) -> list[Message]:
        turns.publish_status(self._core, self._session(loop), "busy")
        return self._core.store.unanswered(loop.session)

    async def _turn(self, loop: SessionLoop, unanswered: list[Message]) -> Message:
        ids = {message.id for message in unanswered}
        covered = [assignment for assignment in loop.assignments if assignment.ticket.message in ids]
        turn = loop.turn = turns.begin(self._core, unanswered, [assignment.ticket for assignment in covered])
        script = self._core.config.model.turn(self._turns)
        self._turns += 1
        try:
            await _work(turn, covered[-1] if covered else None, script)
            turns.finish(turn)
        except ModelFailed as error:
            turns.fail(turn, error)
        return self._settle_turn(loop)

    def _settle_turn(self, loop: SessionLoop) -> Message:
        turn = loop.turn
        if turn is None:
            raise RuntimeError(f"session {loop.session} settles a turn that never began")
        settled = set(turn.tickets)
        loop.assignments = [assignment for assignment in loop.assignments if assignment.ticket not in settled]
        self._close(settled)
        loop.turn = None
        return turn.user

    def _end(self, loop: SessionLoop, user: Message | None) -> None:
        event = LedgerEvent.ABORTED if loop.is_aborted else LedgerEvent.FINISHED
        for assignment in loop.assignments:
            detail: JsonObject = {} if loop.is_aborted else {"duplicate": True}
            self._core.ledger.write(event, assignment.ticket, detail)
            self._close({assignment.ticket})
        del self._loops[loop.session]
        turns.publish_idle(self._core, self._session(loop), user)
        last = self._core.store.last_answer(loop.session)
        document = {} if last is None else message_document(self._core, last)
        for job in loop.waiting:
            if not job.done():
                job.set_result(document)

    def _session(self, loop: SessionLoop) -> JsonObject:
        return self._core.store.session(loop.session) or {"id": loop.session}


def message_document(core: Core, message: Message) -> JsonObject:
    """Returns the message as clients get it: {info, parts}."""
    return {"info": message.info, "parts": core.store.parts(message)}


async def _work(turn: turns.Answering, assignment: Assignment | None, script: Turn) -> None:
    kind = PromptKind.MODEL if assignment is None else assignment.kind
    pause: Pause = asyncio.sleep if assignment is None else assignment.pause
    match kind:
        case PromptKind.MODEL:
            await turns.run_model(turn, script, pause)
        case PromptKind.SHELL:
            await turns.run_shell(turn, script, pause, assignment.shell_command if assignment else "")
        case _:
            assert_never(kind)


def _release(loop: SessionLoop, task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    for job in loop.waiting:
        if job.done():
            continue
        if error is not None:
            job.set_exception(error)
        else:
            job.cancel()
