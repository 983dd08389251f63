"""The command line: reads the options, runs the command, turns a problem into one message and an exit code.

Exit codes: 0 as expected, 1 a subject failed, 2 your input, 3 this machine, 4 our bug. It must never import
what a command does not need, so that `--help` and `list` answer at once: the options are imported when a
command is named, the command itself when its options have been read.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import current_thread, main_thread
from types import FrameType

from firstbyte import collector
from firstbyte.harness import redact
from firstbyte.harness.problems import MissingTool, Problem, SetupFailed
from firstbyte.harness.version import package_version
from firstbyte.shortage import is_short, shortage

COMMANDS = {
    "reproduce": "the report, its fix, and what the fix does not fix, act by act",
    "run": "run scenarios behind edges and judge them",
    "list": "what there is: scenarios, edges, shapes, handlers, targets, findings",
    "show": "one scenario, edge, shape, handler or finding with its sources",
    "explain": "what a finding means, how it comes about, how to fix it",
    "check": "validate profiles, shapes and scenarios",
    "schema": "the JSON Schema of a scenario, shape, profile or adapter file, for editors",
    "grid": "every wire shape behind every product, emulated and real, side by side",
    "sendstate": "the send-state contract against any front end, in a browser",
    "probe": "one exchange with a live server, and what each edge would have made of it",
    "audit": "every operation of an API, and what each edge would have made of each",
    "fixes": "the popular fixes behind every edge: which cure it, which make it worse",
    "diff": "what changed between two results, as Markdown for a pull request",
    "merge": "the results of shards as one",
    "edge": "put an emulated edge in front of a server",
    "serve": "the reference session server",
    "demo": "server, edge and page to click through the bug",
}
NO_EDGE = "this needs mitmproxy, which is not installed here; run `pip install 'firstbyte[edge]'`"
NO_PLAYWRIGHT = "sendstate: Playwright is not installed; run `pip install 'firstbyte[browser]'`"
EXTRAS = {"cryptography": NO_EDGE, "mitmproxy": NO_EDGE, "playwright": NO_PLAYWRIGHT}
"""What the optional parts bring, and what to say where one is missing."""
DELEGATED = {"edge": "firstbyte.proxies.program.main", "serve": "firstbyte.reference_server.main"}
"""Commands with a parser of their own."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    redact.configure(os.environ)
    if words and words[0] in DELEGATED:
        return _guarded(lambda: int(import_module(DELEGATED[words[0]]).main(words[1:])))
    with collector.rare():
        parser = build_parser(words)
        parsed = parser.parse_args(words)
        if parsed.command is None:
            parser.print_help()
            return 2
        return _guarded(lambda: _run(parsed))


def _run(parsed: argparse.Namespace) -> int:
    options = parsed.read(parsed)
    return int(import_module(f"firstbyte.harness.commands.{parsed.command}").run(options))


def build_parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is named gets its options."""
    parser = argparse.ArgumentParser(
        prog="firstbyte",
        description="Joins what a client was told with what the server did, behind edges with deadlines.",
        epilog="exit codes: 0 as expected, 1 a subject failed, 2 your input, 3 this machine, 4 our bug",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    named = next((word for word in words if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        child = commands.add_parser(name, help=summary, description=summary)
        if name == named and name not in DELEGATED:
            module = import_module("firstbyte.harness.commands.options")
            options = getattr(module, f"{name.capitalize()}Options")
            options.add_to(child)
            child.set_defaults(read=options.read)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for, because that takes longer than anything else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        sys.stdout.write(f"firstbyte {package_version()}\n")
        parser.exit()


def _guarded(action: Callable[[], int]) -> int:
    try:
        with _termination_ends_like_ctrl_c():
            return action()
    except Problem as problem:
        sys.stderr.write(f"firstbyte: {problem}\n")
        return problem.exit_code
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        sys.stderr.write(f"firstbyte: {EXTRAS[missing]}\n")
        return MissingTool.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("firstbyte: stopped\n")
        return 130  # 128 + SIGINT, as a shell has it; the same for SIGTERM
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if not is_short(error):
            raise
        sys.stderr.write(f"firstbyte: {shortage()}\n")
        return SetupFailed.exit_code


@contextmanager
def _termination_ends_like_ctrl_c() -> Iterator[None]:
    """Have SIGTERM unwind like SIGINT, through every `finally`: no process or folder is left behind."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:  # A shell starts what it puts in the background with SIGINT ignored.
        raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
