"""An origin that does what its path says, as fast as it can: `blunt_origin.py`.

/down/N sends N bytes, /up takes a body, /sse/N sends N events one write each, anything else is `ok`. It
prints its port, ends when standard input closes, and reads of a request only its first line and length.
"""

import asyncio
import sys

BACKLOG = 4096
BLOCK = b"x" * 65_536
EVENT = b"data: " + b"x" * 24 + b"\n\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serves one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].decode().split("/")
            await _drop_body(head, reader)
            await _answer(path, writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _drop_body(head: bytes, reader: asyncio.StreamReader) -> None:
    lower = head.lower()
    left = (
        int(lower.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if b"content-length:" in lower
        else 0
    )
    while left:
        left -= len(await reader.readexactly(min(left, len(BLOCK))))


async def _answer(path: list[str], writer: asyncio.StreamWriter) -> None:
    match path[1:]:
        case ["down", size]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % int(size))
            for at in range(0, int(size), len(BLOCK)):
                writer.write(BLOCK[: int(size) - at])
                await writer.drain()
        case ["sse", count]:
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(int(count)):
                writer.write(b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
        case _:
            writer.write(OK)


async def main() -> None:
    """Serve until standard input closes."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=BACKLOG, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
