"""A server whose 200 always breaks off before its Content-Length is reached."""

import asyncio

from firstbyte.harness.process.loop_thread import LoopThread

LOOPBACK = "127.0.0.1"
CUT_OFF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"info":'
CUT_AFTER = 0.5
"""Seconds. A browser reports nothing of an answer to the page when it reads header and end at once."""


class CutOffServer:
    """Listens on loopback, on the loop of `thread`, from its making until `close`."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._server = thread.run(asyncio.start_server(_serve, LOOPBACK, 0))

    def __repr__(self) -> str:
        return f"<CutOffServer {self.url}>"

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._thread.run(self._close())

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CUT_OFF)
        await writer.drain()
        await asyncio.sleep(CUT_AFTER)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()
