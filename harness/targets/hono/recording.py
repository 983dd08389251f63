"""Plays every wire shape and every handler on one runtime, and records the answers as data.

`python -m firstbyte.harness.targets.hono.record` refreshes the files. Tests compare a live runtime with them.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from firstbyte.harness.targets.hono.runtime import HERE, Runtime
from firstbyte.harness.targets.hono.target import AppSettings, kin, prepare, start_app
from firstbyte.harness.targets.hono.transcript import Transcript, listen_to

WAIT_MS = 1_000.0
"""The time that the work takes. A transcript is divided into before and after its middle."""
BEATS = 0.7
"""The heartbeat interval as a share of the wait: one heartbeat comes, after the middle."""
MOST_AT_ONCE = 10
_NAME = re.compile(r"^  (\w+): ", re.M)
_BLOCKS = re.compile(r"block|setimmediate")
_NOT_ON_BUN = frozenset({"interim-102"})
_PROMPT = b'{"parts":[{"type":"text","text":"hi"}]}'


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """The recording of one runtime. shapes, handlers: transcripts by name."""

    target: str
    versions: dict[str, str]
    date: str
    wait_ms: float
    shapes: dict[str, Transcript]
    handlers: dict[str, Transcript]


def path_of(name: str) -> Path:
    """Return the file of a target's recording."""
    return HERE / "transcripts" / f"{name}.json"


def load_recording(name: str) -> Recording:
    """Read the recording of a target."""
    return msgspec.json.decode(path_of(name).read_bytes(), type=Recording)


def shape_ids() -> list[str]:
    """Return the names of all shapes in shapes.js, in its order."""
    text = (HERE / "shapes.js").read_text(encoding="utf-8")
    table = text.partition("export const SHAPES = {\n")[2].partition("\n}\n")[0]
    return _NAME.findall(table)


def handlers_on(runtime: Runtime) -> list[str]:
    """Return the names of the handlers that this runtime can play."""
    return [name for name in kin() if not (runtime.is_bun and name in _NOT_ON_BUN)]


async def record(runtime: Runtime, shapes: Iterable[str], handlers: Iterable[str], date: str) -> Recording:
    """Play these, several at a time. What blocks the server gets a server of its own."""
    shapes, handlers = list(shapes), list(handlers)
    names = [("shape", name) for name in shapes] + [("handler", name) for name in handlers]
    alone = [pair for pair in names if _BLOCKS.search(pair[1])]
    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(kind: str, name: str, address: tuple[str, int] | None) -> Transcript:
        async with places:
            if address is not None:
                return await _play(kind, name, address)
            async with _serving(runtime) as own:
                return await _play(kind, name, own)

    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(_serving(runtime)) if len(alone) < len(names) else None
        tasks = [one(*pair, None if pair in alone else shared) for pair in names]
        played = dict(zip(names, await asyncio.gather(*tasks), strict=True))
    return Recording(
        target=runtime.name,
        versions=runtime.versions(),
        date=date,
        wait_ms=WAIT_MS,
        shapes={name: played["shape", name] for name in shapes},
        handlers={name: played["handler", name] for name in handlers},
    )


async def _play(kind: str, name: str, address: tuple[str, int]) -> Transcript:
    request = shape_request(name) if kind == "shape" else handler_request(name)
    method = "GET" if kind == "shape" else "POST"
    return await listen_to(address, request, method=method, patience_ms=2 * WAIT_MS)


def shape_request(name: str) -> bytes:
    """Return the GET request for a shape."""
    gzip = "Accept-Encoding: gzip\r\n" if "gzip" in name else ""
    return f"GET /shape/{name}?ms={WAIT_MS:.0f} HTTP/1.1\r\nHost: shapes\r\n{gzip}\r\n".encode()


def handler_request(name: str, session: str = "") -> bytes:
    """Return the request of a prompt. `session` defaults to one of its own; `message` is an operation."""
    session = session or f"ses_{list(kin()).index(name)}"
    operation = "message" if name == "message" else "prompt_async"
    head = (
        f"POST /session/{session}/{operation} HTTP/1.1\r\nHost: handlers\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(_PROMPT)}\r\nX-Firstbyte-Request: 1\r\n"
    )
    chosen = "" if name == "message" else f"X-Firstbyte-Handler: {name}\r\n"
    return (head + chosen + "\r\n").encode() + _PROMPT


@asynccontextmanager
async def _serving(runtime: Runtime) -> AsyncIterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        prepare(runtime, folder)
        program = await start_app(runtime, folder, _settings(folder))
        try:
            yield program.address
        finally:
            await program.stop()


def _settings(folder: Path) -> AppSettings:
    return AppSettings(
        port=0,
        data=str(folder / "store.jsonl"),
        handler="no-content",
        delay_ms=WAIT_MS,
        look_ms=WAIT_MS / 50,
        persist_delay_ms=WAIT_MS / 5,
        heartbeat_ms=WAIT_MS * BEATS,
        text="Hello from the scripted model.",
        fails="",
        on_client_gone="continue",
    )
