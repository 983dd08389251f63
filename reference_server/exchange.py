"""What a handler can do with one prompt: make it durable, start the work, and put bytes on the wire.

A handler is then the order in which it does these three. Must never do two of them in one verb.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.types import Send

from firstbyte.reference_server.config import OnClientGone, Seconds
from firstbyte.reference_server.documents import JsonObject, encoded
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.headers import http_date, json_body, json_stream, no_content
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.model import Pause
from firstbyte.reference_server.prompts import Prompt, known, persist
from firstbyte.reference_server.service import Service
from firstbyte.reference_server.store import Message
from firstbyte.reference_server.wire import HeaderLine, Wire
from firstbyte.reference_server.work import Assignment, Job, message_document


class ServerExchange:
    """One prompt's request and its response."""

    def __init__(self, service: Service, ticket: Ticket, prompt: Prompt, wire: Wire, send: Send) -> None:
        self.service = service
        self.ticket = ticket
        self.prompt = prompt
        self.wire = wire
        self.config = service.core.config
        self._send = send
        self._message: Message | None = None

    def __repr__(self) -> str:
        return f"<ServerExchange {self.ticket.request} {'durable' if self._message else 'not durable'}>"

    @property
    def env(self) -> Env:
        """The server's world."""
        return self.service.core.env

    @property
    def date(self) -> bytes:
        """Now, as a Date header says it."""
        return http_date(self.env.wall_ms())

    # The message and the work
    def persist(self) -> None:
        """Makes the message durable; it is when this returns."""
        self._message = persist(self.service.core, self.ticket, self.prompt)

    def persist_once(self) -> None:
        """Makes the message durable unless it, with these very parts, is already; then nothing changes."""
        self._message = known(self.service.core, self.ticket, self.prompt) or persist(
            self.service.core, self.ticket, self.prompt
        )

    def start(self, pause: Pause = asyncio.sleep) -> Job:
        """Starts the work on the durable message.

        The job is done when the session has nothing left to answer.
        """
        if self._message is None:
            raise RuntimeError(f"{self!r}: the work may only start on a durable message")
        if not self.prompt.wants_reply:
            return self._without_reply(self._message)
        if self.config.on_client_gone is OnClientGone.STOP:
            self.wire.when_gone(lambda: self.service.work.abort(self.ticket.session))
        command = self.prompt.shell_command
        assignment = Assignment(ticket=self.ticket, kind=self.prompt.kind, shell_command=command, pause=pause)
        return self.service.work.submit(assignment)

    def later(self, delay: Seconds, action: Callable[[], object]) -> None:
        """Does `action` after `delay`, whatever becomes of this response."""
        self.service.tasks.spawn(_after(delay, action), name=f"later for {self.ticket.request}")

    async def until_done(self, job: Job) -> AsyncIterator[None]:
        """Yields once every heartbeat interval while the job isn't done."""
        loop = asyncio.get_running_loop()
        began, count = loop.time(), 1
        while not job.done():
            left = began + count * self.config.heartbeat - loop.time()
            await asyncio.wait({job}, timeout=max(left, 0))
            if not job.done():
                count += 1
                yield

    # The wire
    async def reply_no_content(self) -> None:
        """Sends a complete 204."""
        await self.begin(204, no_content(self.config.api, self.date))
        await self.body(b"", is_last=True)

    async def reply_json(
        self, document: JsonObject, status: int = 200, extra: tuple[HeaderLine, ...] = ()
    ) -> None:
        """Sends a complete JSON response."""
        data = encoded(document)
        await self.begin(status, [*extra, *json_body(self.config.api, self.date, len(data))])
        await self.body(data, is_last=True)

    async def begin_json(self) -> None:
        """Sends the complete header of a chunked JSON response."""
        await self.begin(200, json_stream(self.date))
        await self.body(b"", is_last=False)

    async def begin(self, status: int, headers: list[HeaderLine]) -> None:
        """Sends a complete header."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, data: bytes, *, is_last: bool) -> None:
        """Sends a piece of the body, the last one ends the response."""
        await self._send({"type": "http.response.body", "body": data, "more_body": not is_last})

    def _without_reply(self, message: Message) -> Job:
        job: Job = asyncio.get_running_loop().create_future()
        job.set_result(message_document(self.service.core, message))
        self.service.core.ledger.write(LedgerEvent.FINISHED, self.ticket, {"no_reply": True})
        self.service.work.settle(self.ticket)
        return job


type Handler = Callable[[ServerExchange], Awaitable[None]]


async def _after(delay: Seconds, action: Callable[[], object]) -> None:
    await asyncio.sleep(delay)
    action()
