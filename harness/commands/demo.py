"""`firstbyte demo`: the reference server, an edge before it, and both pages, to click through the bug."""

import asyncio
import sys
import tempfile
import webbrowser
from pathlib import Path

from firstbyte.harness.commands.options import DemoOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, start_child

LOOPBACK = "127.0.0.1"
PAGES = {"naive": "does what the reported front end did", "robust": "the one to copy"}


def run(options: DemoOptions) -> int:
    """Until Ctrl-C. An edge that is not there is named before anything is started."""
    for name in options.edge.split(","):
        load_profile(name)
    asyncio.run(_demo(options))
    return 0


async def _demo(options: DemoOptions) -> None:
    scale = str(options.time_scale)
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        children: list[Child] = []
        try:
            server = ["--handler", options.handler, "--model-delay", options.model_delay]
            server += ["--data", str(folder / "data"), "--time-scale", scale]
            children.append(await _start("origin", "firstbyte.reference_server.main", server, folder))
            upstream = f"http://{LOOPBACK}:{children[0].address[1]}"
            edge = ["--upstream", upstream, "--profile", options.edge, "--quiet", "--ready-json"]
            edge += ["--time-scale", scale]
            children.append(await _start("edge", "firstbyte.proxies.program.main", edge, folder))
            _print_addresses(options, children)
            await _until_one_ends(children)
        finally:
            for child in reversed(children):
                await child.stop()


async def _until_one_ends(children: list[Child]) -> None:
    waits = {asyncio.ensure_future(child.ended()): child for child in children}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        role = waits[done.pop()].role
        raise SetupFailed(f"demo: the {role} has ended, and there is no demo without it; start it again")
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _start(role: str, module: str, arguments: list[str], folder: Path) -> Child:
    return await start_child(role, module, [*arguments, "--listen", f"{LOOPBACK}:0"], folder)


def _print_addresses(options: DemoOptions, children: list[Child]) -> None:
    origin, edge = (f"http://{child.address[0]}:{child.address[1]}" for child in children)
    pages = {name: f"{edge}/ui/{name}/?truth" for name in PAGES}
    out(f"behind {options.edge}, times divided by {options.time_scale:g}; beside each page the truth")
    for name, url in pages.items():
        out(f"{name:<8} {url}   ({PAGES[name]})")
    out(f"direct   {origin}/ui/naive/?truth   (no edge)")
    out(f"ledger   {origin}/_firstbyte/ledger")
    out("Send a message on both, wait for the deadline, compare, send again. Ctrl-C ends it.")
    sys.stdout.flush()
    if options.open:
        for url in pages.values():
            webbrowser.open(url)
