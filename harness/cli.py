"""The command line: reads options, hands over to the command's module, turns problems into one message and
an exit code.

Exit codes: 0 as expected, 1 a subject failed, 2 your input, 3 this machine, 4 our bug. It must never import
what a command does not need: `--help` and `list` are there before anybody notices.
"""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from firstbyte.harness.problems import Problem
from firstbyte.harness.version import package_version

COMMANDS = {
    "reproduce": "the report, its fix, and what the fix does not fix, act by act",
    "run": "run scenarios behind edges and judge them",
    "list": "what there is: scenarios, edges, shapes, handlers, targets, findings",
    "show": "one scenario, edge, shape, handler or finding with its sources",
    "explain": "what a finding means, how it comes about, how to fix it",
    "check": "validate profiles, shapes and scenarios",
    "edge": "put an emulated edge in front of a server",
    "serve": "the reference session server",
    "demo": "server, edge and page to click through the bug",
}
DELEGATED = {"edge": "firstbyte.proxies.main", "serve": "firstbyte.reference_server.main"}
"""Commands with a parser of their own."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in DELEGATED:
        return _guarded(lambda: int(import_module(DELEGATED[words[0]]).main(words[1:])))
    parser = build_parser(words)
    options = parser.parse_args(words)
    if options.command is None:
        parser.print_help()
        return 2
    return _guarded(lambda: int(options.run(options)))


def build_parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is asked for is loaded."""
    parser = argparse.ArgumentParser(
        prog="firstbyte",
        description="Joins what a client was told with what the server did, behind edges with deadlines.",
        epilog="exit codes: 0 as expected, 1 a subject failed, 2 your input, 3 this machine, 4 our bug",
    )
    parser.add_argument("--version", action="version", version=f"firstbyte {package_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    wanted = next((word for word in words if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        child = commands.add_parser(name, help=summary, description=summary)
        if name == wanted and name not in DELEGATED:
            module = import_module(f"firstbyte.harness.commands.{name}")
            module.add(child)
            child.set_defaults(run=module.run)
    return parser


def _guarded(action: Callable[[], int]) -> int:
    try:
        return action()
    except Problem as problem:
        sys.stderr.write(f"firstbyte: {problem}\n")
        return problem.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("firstbyte: stopped\n")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
