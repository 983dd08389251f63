"""Records one exchange with a server: each read with its time, and how the connection ended.

It is plain asyncio, and works in virtual time as it does on sockets. A request is sent once: it is not
retried, and no redirect is followed.
"""

import asyncio
import ssl
from collections.abc import Sequence

import msgspec

from firstbyte.address import host_port
from firstbyte.harness.client.pace import due_parts, paced
from firstbyte.harness.client.reading import AnswerReader
from firstbyte.harness.clock import Clock
from firstbyte.harness.model.recording import Answered, Finish, Received, Recording, Sent, Setup
from firstbyte.harness.model.units import Duration, as_seconds, format_duration, seconds
from firstbyte.harness.problems import SetupFailed

PATIENCE = seconds(150)
LINGER = Duration(50_000)
"""How long to wait after a complete answer for bytes that do not belong to it."""
CONNECT_WITHIN = seconds(20)
MOST_BYTES = 64 << 20
"""The most bytes of an answer that are recorded; then listening stops."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The server to connect to. tls: None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def authority(self) -> str:
        """For the Host header."""
        usual = 443 if self.tls else 80
        return host_port(self.host, None if self.port == usual else self.port)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The request to send. pace: the time over which the body is sent, in ten parts."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pace: Duration = Duration(0)


class Recorder(asyncio.Protocol):
    """Records exchanges on one connection, one after the other."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._setup = Setup()
        self._used = False
        self._began = 0
        self._clear("GET")

    def __repr__(self) -> str:
        return f"<Recorder {self._target.host}:{self._target.port}, {len(self._parts)} reads>"

    def _clear(self, method: str) -> None:
        self._reader = AnswerReader(method)
        self._parts: list[Received] = []
        self._room = MOST_BYTES
        self._finish: tuple[Finish, int] | None = None
        self._changed = asyncio.Event()

    # ---- the connection

    async def connect(self) -> None:
        """Look the name up, connect, and start TLS. Raises SetupFailed, which says what went wrong."""
        loop, target = asyncio.get_running_loop(), self._target
        where = f"{target.host}:{target.port}"
        started = self._clock.now()
        try:
            async with asyncio.timeout(as_seconds(CONNECT_WITHIN)):
                addresses = await loop.getaddrinfo(target.host, target.port, type=1)
                looked_up = self._clock.now()
                await self._reach([one[4][0] for one in addresses])
                connected = self._clock.now()
                if target.tls is not None:
                    await self._shake_hands(target.tls)
        except TimeoutError as error:
            raise SetupFailed(
                f"{where}: no connection within {format_duration(CONNECT_WITHIN)}; is it up, and is the "
                "address right?"
            ) from error
        except (OSError, ssl.SSLError) as error:
            raise SetupFailed(f"{where}: no connection: {_reason(error)}") from error
        shaken = self._clock.now() - connected if target.tls is not None else None
        self._setup = Setup(dns=looked_up - started, connect=connected - looked_up, tls=shaken)

    async def _reach(self, addresses: Sequence[object]) -> None:
        failed: OSError = OSError("the name has no address")
        for address in dict.fromkeys(str(one) for one in addresses):
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, address, self._target.port)
            except OSError as error:
                failed = error
            else:
                return
        raise failed

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        assert self._transport is not None
        host = self._target.host
        transport = await asyncio.get_running_loop().start_tls(
            self._transport, self, context, server_hostname=host
        )
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._room <= 0:
            return
        self._room -= len(data)
        self._parts.append(Received(at=self._now(), data=data))
        if not self._reader.is_done:
            self._reader.feed(data)
        self._changed.set()

    def eof_received(self) -> bool:
        self._ended(Finish.FIN)
        return self._target.tls is None

    def connection_lost(self, exc: Exception | None) -> None:
        is_reset = isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError)
        self._ended(Finish.RESET if is_reset else Finish.FIN)
        self._transport = None

    def _ended(self, finish: Finish) -> None:
        if self._finish is None:
            self._finish = (finish, self._now())
        self._changed.set()

    def _now(self) -> int:
        return self._clock.now() - self._began

    @property
    def is_open(self) -> bool:
        """Whether another request can go out on the connection."""
        return self._transport is not None and self._finish is None and not self._transport.is_closing()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    # ---- one exchange

    async def exchange(
        self, question: Question, *, patience: Duration = PATIENCE, linger: Duration = LINGER
    ) -> Recording:
        """Send the request, and record what comes until the answer is complete or `patience` has run out.

        linger: how long to listen after a complete answer.
        """
        reused, self._used = self._used, True
        self._clear(question.method)
        self._began = self._clock.now()
        uploads: list[Sent] = []
        pieces = due_parts(question.body, question.pace)
        upload = asyncio.ensure_future(self._upload(question, pieces, uploads))
        try:
            await self._listen(patience, linger)
        finally:
            if not upload.done():
                upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
        finish, at = self._finish or (Finish.KEPT if self._reader.is_complete else Finish.OPEN, self._now())
        meant = _as_meant(question, pieces, uploads)
        return Recording(
            method=question.method,
            path=question.path,
            headers=question.headers,
            setup=self._setup,
            uploads=meant,
            sent_at=meant[-1].at if meant else 0,
            answer=Answered(parts=tuple(self._parts), finish=finish, finished_at=at),
            reused=reused,
            is_taken=self._transport is None or not self._transport.get_write_buffer_size(),
        )

    async def _upload(
        self, question: Question, pieces: list[tuple[Duration, bytes]], uploads: list[Sent]
    ) -> None:
        assert self._transport is not None
        first = pieces[0][1]
        self._transport.write(head_of(question, self._target) + first)
        if question.body:
            uploads.append(Sent(at=self._now(), size=len(first)))
        async for part in paced(pieces):
            self._transport.write(part)
            uploads.append(Sent(at=self._now(), size=len(part)))

    async def _listen(self, patience: Duration, linger: Duration) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + as_seconds(patience)
        lingers = False
        while self._finish is None and self._room > 0:
            if self._reader.is_done and not lingers:
                lingers = True
                until = min(until, loop.time() + as_seconds(linger))
            self._changed.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._changed.wait()
            except TimeoutError:
                return


def head_of(question: Question, target: Target) -> bytes:
    """The request's head. Headers of the question replace those that are sent by default."""
    names = {name.lower() for name, _ in question.headers}
    fields = [("Host", target.authority), *(() if "accept" in names else (("Accept", "*/*"),))]
    fields = [field for field in fields if field[0].lower() not in names] + list(question.headers)
    has_body = question.body or question.method in {"POST", "PUT", "PATCH"}
    if has_body and not names & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(question.body))))
    lines = [f"{question.method} {question.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _as_meant(question: Question, pieces: list[tuple[Duration, bytes]], sent: list[Sent]) -> tuple[Sent, ...]:
    """The whole upload. Here an early answer stops it, but an edge that reads requests whole waits for it."""
    if not question.body:
        return ()
    return (*sent, *(Sent(at=due, size=len(piece)) for due, piece in pieces[len(sent) :]))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); --insecure takes any certificate"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or error}); is it an http:// address?"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


async def record(target: Target, question: Question, clock: Clock, patience: Duration) -> Recording:
    """Record one exchange on a new connection."""
    recorder = Recorder(target, clock)
    try:
        await recorder.connect()
        return await recorder.exchange(question, patience=patience)
    finally:
        recorder.close()
