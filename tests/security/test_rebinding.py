"""The control port answers who calls it by its address, and no page that had its own name resolve to it."""

import asyncio

import pytest

from firstbyte.proxies.program.control import Control
from tests.proxies.lab import Lab, forever, head_of, profile, simulate


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await head_of(reader)
    await forever()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9000", 200),
        ("[::1]:9000", 200),
        ("localhost:9000", 200),
        ("edge:9000", 200),
        ("rebound.example:9000", 403),
        ("rebound.example", 403),
        ("127.0.0.1.rebound.example:9000", 403),
    ],
)
def test_a_name_with_a_dot_is_refused_even_with_the_token(host: str, status: int) -> None:
    async def main(lab: Lab) -> int:
        control = Control(lab.edge.held_mode, "secret")
        reader, writer = await asyncio.open_connection(*await control.start("127.0.0.1", 0))
        try:
            writer.write(
                f"GET /held HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer secret\r\n\r\n".encode()
            )
            return int((await reader.read()).split(b" ", 2)[1])
        finally:
            writer.close()
            await control.close()

    assert simulate(silent, profile(), main, held=True) == status
