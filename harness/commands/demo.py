"""`firstbyte demo`: the reference server, an edge before it, and both pages, to click through the bug."""

import argparse
import asyncio
import sys
import tempfile
import webbrowser
from pathlib import Path

from firstbyte.harness.commands.common import positive
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.model.units import BadDuration, parse_duration
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.process.child import Child, start_child
from firstbyte.reference_server.handlers import handler_ids

LOOPBACK = "127.0.0.1"
PAGES = {"naive": "does what the reported front end did", "robust": "the one to copy"}


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--open", action="store_true", help="open both pages in the browser")
    parser.add_argument("--edge", default="cloudflare-100", metavar="NAME", help="default: cloudflare-100")
    parser.add_argument(
        "--handler",
        default="stream-withheld",
        choices=handler_ids(),
        metavar="NAME",
        help="default: stream-withheld",
    )
    parser.add_argument(
        "--model-delay", type=_duration, default="130s", metavar="DURATION", help="default: 130s"
    )
    parser.add_argument(
        "--time-scale", type=positive, default=20.0, metavar="N", help="divide every time by N (default: 20)"
    )


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C. An edge that is not there is named before anything is started."""
    for name in options.edge.split(","):
        load_profile(name)
    asyncio.run(_demo(options))
    return 0


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


async def _demo(options: argparse.Namespace) -> None:
    scale = str(options.time_scale)
    with tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        children: list[Child] = []
        try:
            server = [
                "--handler",
                options.handler,
                "--model-delay",
                options.model_delay,
                "--data",
                str(folder / "data"),
            ]
            children.append(
                await _start(
                    "origin", "firstbyte.reference_server.main", [*server, "--time-scale", scale], folder
                )
            )
            upstream = f"http://{LOOPBACK}:{children[0].address[1]}"
            edge = ["--upstream", upstream, "--profile", options.edge, "--quiet", "--ready-json"]
            children.append(
                await _start("edge", "firstbyte.proxies.program.main", [*edge, "--time-scale", scale], folder)
            )
            _tell(options, children)
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


def _tell(options: argparse.Namespace, children: list[Child]) -> None:
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
