"""What a handler can do with one prompt: make it durable, start the work, and write the response.

Handlers differ in the order of these three steps, so each step is a method of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.types import Send

from firstbyte.reference_server.config import OnClientGone, Seconds
from firstbyte.reference_server.documents import JsonObject, encoded
from firstbyte.reference_server.env import Env
from firstbyte.reference_server.headers import HeaderLine, http_date, json_body, json_stream, no_content
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.model import Pause
from firstbyte.reference_server.prompts import Prompt, find_stored, persist
from firstbyte.reference_server.response_writer import ResponseWriter
from firstbyte.reference_server.service import Service
from firstbyte.reference_server.store import Message
from firstbyte.reference_server.work import Assignment, Job, message_document


class ServerExchange:
    """One prompt's request and its response."""

    def __init__(
        self, service: Service, ticket: Ticket, prompt: Prompt, writer: ResponseWriter, send: Send
    ) -> None:
        self.service = service
        self.ticket = ticket
        self.prompt = prompt
        self.writer = writer
        self.config = service.core.config
        self._send = send
        self._message: Message | None = None

    def __repr__(self) -> str:
        return f"<ServerExchange {self.ticket.request} {'durable' if self._message else 'not durable'}>"

    @property
    def env(self) -> Env:
        """The server's environment."""
        return self.service.core.env

    @property
    def date(self) -> bytes:
        """The value of a Date header for now."""
        return http_date(self.env.wall_ms())

    # The message and the work
    def persist(self) -> None:
        """Makes the message durable before it returns."""
        self._message = persist(self.service.core, self.ticket, self.prompt)

    def persist_once(self) -> None:
        """Makes the message durable. Changes nothing if it is already stored with all these parts."""
        self._message = find_stored(self.service.core, self.ticket, self.prompt) or persist(
            self.service.core, self.ticket, self.prompt
        )

    def start(self, pause: Pause = asyncio.sleep) -> Job:
        """Starts the work on the durable message. The job is done when the session is idle."""
        if self._message is None:
            raise RuntimeError(f"{self!r}: the work may only start on a durable message")
        if not self.prompt.wants_reply:
            return self._without_reply(self._message)
        if self.config.on_client_gone is OnClientGone.STOP:
            self.writer.when_gone(lambda: self.service.work.abort(self.ticket.session))
        command = self.prompt.shell_command
        assignment = Assignment(ticket=self.ticket, kind=self.prompt.kind, shell_command=command, pause=pause)
        return self.service.work.submit(assignment)

    def later(self, delay: Seconds, action: Callable[[], object]) -> None:
        """Calls `action` after `delay`, whatever happens to this response."""
        self.service.tasks.spawn(_after(delay, action), name=f"later for {self.ticket.request}")

    async def until_done(self, job: Job) -> AsyncIterator[None]:
        """Yields once in every heartbeat interval until the job is done."""
        loop = asyncio.get_running_loop()
        began, count = loop.time(), 1
        while not job.done():
            left = began + count * self.config.heartbeat - loop.time()
            await asyncio.wait({job}, timeout=max(left, 0))
            if not job.done():
                count += 1
                yield

    # The response
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
        """Sends the complete header block of a chunked JSON response."""
        await self.begin(200, json_stream(self.date))
        await self.body(b"", is_last=False)

    async def begin(self, status: int, headers: list[HeaderLine]) -> None:
        """Sends a complete header block."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, data: bytes, *, is_last: bool) -> None:
        """Sends a part of the body. The last part ends the response."""
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
