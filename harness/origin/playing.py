"""Plays one wire shape to one request: turns its steps into bytes, in the framing that the shape announced.

Illegal bytes are sent as they are written. Of the request, only the method may matter.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

import msgspec

from firstbyte.harness.model.shape import (
    Chunk,
    Close,
    End,
    HalfClose,
    Head,
    Hold,
    Interim,
    PartialHead,
    Raw,
    Reset,
    Step,
    StopReading,
    Wait,
    WaitRequest,
)
from firstbyte.harness.model.units import as_seconds

NO_CONTENT = 204
_REASONS = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    204: "No Content",
}

type ByteStep = Interim | Head | PartialHead | Chunk | Raw | End


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How far the shape was played. steps: the number of steps. is_complete: the answer reached its announced
    end. is_open: the connection stays open.
    """

    steps: int
    body_bytes: int
    is_complete: bool
    is_open: bool


class Playing:
    """Plays one shape to one request."""

    def __init__(
        self,
        steps: Sequence[Step],
        method: str,
        writer: asyncio.StreamWriter,
        wait_for: Callable[[str], Awaitable[None]],
        stop_reading: Callable[[], None],
    ) -> None:
        self._steps = steps
        self._method = method
        self._writer = writer
        self._wait_for = wait_for
        self._stop_reading = stop_reading
        self._framing = "close"
        self._body_bytes = 0
        self._announced: int | None = None

    async def run(self) -> Played:
        """Play one answer. Unless its first step says otherwise, it starts when the whole request is read."""
        if not isinstance(self._steps[0], WaitRequest):
            await self._wait_for("all")
        for number, step in enumerate(self._steps, start=1):
            await self._do(step)
            match step:
                case End():
                    return await self._finish(number, is_open=self._framing != "close", is_complete=True)
                case Close():
                    return await self._finish(number, is_open=False, is_complete=self._is_whole_at_close())
                case Reset():
                    reset(self._writer)
                    return Played(steps=number, body_bytes=self._body_bytes, is_complete=False, is_open=False)
                case _:
                    pass
        await asyncio.Event().wait()
        raise AssertionError

    async def _finish(self, steps: int, *, is_open: bool, is_complete: bool) -> Played:
        await self._writer.drain()
        return Played(steps=steps, body_bytes=self._body_bytes, is_complete=is_complete, is_open=is_open)

    def _is_whole_at_close(self) -> bool:
        if self._framing == "close":
            return True
        return self._framing == "length" and self._announced == self._body_bytes

    async def _do(self, step: Step) -> None:
        match step:
            case Wait():
                await asyncio.sleep(as_seconds(step.duration))
            case WaitRequest():
                await self._wait_for(step.part)
            case Interim() | Chunk() | Raw():
                await self._write(step, step.times, step.every)
            case Head() | PartialHead() | End():
                await self._write(step, 1, 0)
            case HalfClose():
                self._writer.write_eof()
            case StopReading():
                self._stop_reading()
            case Hold():
                await asyncio.Event().wait()
            case Close() | Reset():
                pass
            case _:
                assert_never(step)

    async def _write(self, step: ByteStep, times: int, every: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for turn in range(times):
            if turn:  # due times count from the start, so that delays don't accumulate
                await asyncio.sleep(began + turn * as_seconds(every) - loop.time())
            self._writer.write(self._bytes_of(step))
            await self._writer.drain()

    def _bytes_of(self, step: ByteStep) -> bytes:
        match step:
            case Interim():
                return _head_bytes(step.status, "", step.headers) + b"\r\n"
            case Head() | PartialHead():
                self._announce(step.headers, step.status)
                end = b"\r\n" if isinstance(step, Head) else b""
                return _head_bytes(step.status, step.reason, step.headers) + end
            case Chunk():
                body = step.text.encode() or b"x" * step.size
                self._body_bytes += len(body)
                return self._framed(body)
            case Raw():
                return step.text.encode("latin-1")
            case End():
                return b"0\r\n\r\n" if self._framing == "chunked" else b""
            case _:
                assert_never(step)

    def _announce(self, headers: tuple[tuple[str, str], ...], status: int) -> None:
        lower = {name.lower(): value for name, value in headers}
        if "chunked" in lower.get("transfer-encoding", ""):
            self._framing = "chunked"
        elif "content-length" in lower:
            self._framing = "length"
            self._announced = int(lower["content-length"]) if lower["content-length"].isdigit() else None
        elif status == NO_CONTENT or self._method == "HEAD":
            self._framing = "length"

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data) if self._framing == "chunked" else data


def _head_bytes(status: int, reason: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason or _REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection with a TCP RST instead of a FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
