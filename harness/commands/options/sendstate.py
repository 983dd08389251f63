"""The options of `firstbyte sendstate`."""

import argparse
from pathlib import Path

from firstbyte.harness.commands.options.shared import CommandOptions, add_html


class SendstateOptions(CommandOptions, frozen=True, kw_only=True):
    """url: the server, or opencode@VERSION."""

    url: str
    adapter: Path | None
    rule: tuple[str, ...]
    edge: str
    artefacts: Path
    storage_state: Path | None
    insecure_upstream: bool
    json: str | None
    html: Path | None


def add(parser: argparse.ArgumentParser) -> type[SendstateOptions]:
    """Its options."""
    add_option = parser.add_argument
    add_option(
        "url",
        metavar="URL|NAME",
        help="the server with the page, such as http://127.0.0.1:4096; or opencode@VERSION, which is started",
    )
    add_option(
        "--adapter", type=Path, metavar="FILE", help="TOML: where things are on the page; needed for a URL"
    )
    add_option("--rule", action="append", default=[], metavar="ID", help="this rule only; repeatable")
    add_option("--edge", default="cloudflare-100", metavar="NAME", help="default: cloudflare-100")
    add_option(
        "--artefacts",
        type=Path,
        default=Path("sendstate"),
        metavar="DIR",
        help="for each rule's picture, and a failure's trace and timeline (default: ./sendstate)",
    )
    add_option(
        "--storage-state",
        type=Path,
        metavar="FILE",
        help="a Playwright storage state, for pages behind a login",
    )
    add_option("--insecure-upstream", action="store_true", help="accept any certificate of an https server")
    add_html(parser)
    add_option("--json", metavar="FILE|-", help="write the results as JSON; '-' gives stdout to it alone")
    return SendstateOptions
