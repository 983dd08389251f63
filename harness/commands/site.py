"""`--html` of the commands with results: what all of them say of how a page was made, and where it went."""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.version import package_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from firstbyte.harness.report.site.charts import Drawn
    from firstbyte.harness.report.site.model import Site

_NAMED = ("mitmproxy", "h11", "h2", "starlette", "uvicorn", "playwright")


def add(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument(
        "--html",
        type=Path,
        metavar="DIR",
        help="write the results as a page, DIR/index.html, that needs no network",
    )


def facts() -> tuple[tuple[str, str], ...]:
    """Command, versions, machine."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - email, zipfile and more

    # Word by word: a header is a line of its own there, so that its secret is seen.
    command = shlex.join(["firstbyte", *map(redact.text, sys.argv[1:])])
    python = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    found = [("command", command), ("firstbyte", package_version()), ("Python", python)]
    for name in _NAMED:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def write_document(document: Mapping[str, Any], command: str, folder: Path) -> None:
    """The page of what `probe` or `audit` found."""
    from firstbyte.harness.report.site.charts import counts_by_column  # noqa: PLC0415
    from firstbyte.harness.report.site.operations import site_of_document  # noqa: PLC0415

    page = site_of_document(document, command=command, facts=facts())
    write(page, folder, [counts_by_column(page)])


def write(site: Site, folder: Path, charts: Sequence[Drawn]) -> None:
    """The page; its place is said on standard error."""
    from firstbyte.harness.report.site.charts import drawn_all  # noqa: PLC0415 - only when a page is written
    from firstbyte.harness.report.site.page import write_site  # noqa: PLC0415

    made, note = drawn_all(charts)
    path = write_site(msgspec.structs.replace(site, charts=made, charts_note=note), folder)
    sys.stderr.write(f"firstbyte: the page is {path}\n")
