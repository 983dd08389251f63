"""Serves OpenCode's own web page, for the send-state contract.

1.14.34 and 1.18.33 serve their page themselves. 1.2.x has none, so it gets the page of 1.14.34. No process
and no folder may be left behind.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import msgspec

from firstbyte.harness.model.scenario import Model, ProductOrigin
from firstbyte.harness.model.units import Duration
from firstbyte.harness.process.child import start_child
from firstbyte.harness.process.loop_thread import LoopThread
from firstbyte.harness.targets.opencode import router
from firstbyte.harness.targets.opencode.origin import OpenCode
from firstbyte.harness.targets.opencode.packages import program_of, require
from firstbyte.harness.targets.opencode.target import PREFIX, find

ADAPTER = Path(__file__).with_name("page.toml")
PAGE_OF = {"1.2.15": "1.14.34", "1.2.20": "1.14.34"}
"""Which page a version without a page gets: the nearest one that works offline."""
MODEL = Model(delay=Duration(300_000))


class ServedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is being served. api: the server's own address."""

    url: str
    api: str
    adapter: Path = ADAPTER


def has_page(name: str) -> bool:
    """Whether the name is `opencode@VERSION`. Raises BadInput for a version that is not pinned."""
    return name.startswith(PREFIX) and find(name) is not None


@contextmanager
def serve_page(name: str) -> Iterator[ServedPage]:
    """Serve `opencode@VERSION` and its page for the duration. Raises MissingTool or SetupFailed."""
    version = name.removeprefix(PREFIX)
    for needed in {version, PAGE_OF.get(version, version)}:
        require(needed)
    loop = LoopThread("opencode")
    loop.start()
    stack = AsyncExitStack()
    try:
        yield loop.run(_start(version, stack), patience=None)
    finally:
        loop.run(stack.aclose(), patience=None)
        loop.close()


async def _start(version: str, stack: AsyncExitStack) -> ServedPage:
    folder = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True))
    )
    server = await _server(version, _made(folder / "api"), stack)
    api = _url(server.address)
    if version not in PAGE_OF:
        return ServedPage(url=api, api=api)
    page = await _server(PAGE_OF[version], _made(folder / "page"), stack)
    arguments = ["--page", _url(page.address), "--api", api]
    both = await start_child("router", router.__name__, arguments, folder)
    stack.push_async_callback(both.stop)
    return ServedPage(url=_url(both.address), api=api)


async def _server(version: str, folder: Path, stack: AsyncExitStack) -> OpenCode:
    program = await asyncio.to_thread(program_of, version)
    server = OpenCode(program, ProductOrigin(model=MODEL), folder, lambda: None)
    stack.push_async_callback(server.stop)
    await server.start()
    return server


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _url(address: tuple[str, int]) -> str:
    return f"http://{address[0]}:{address[1]}"
