"""`--html` of the commands with results: how the page was made, and where it was written."""

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.report.site.charts import Drawn, counts_by_column, drawn_all
from firstbyte.harness.report.site.model import Site
from firstbyte.harness.report.site.operations import site_of_document
from firstbyte.harness.report.site.page import write_site
from firstbyte.harness.version import package_version

_NAMED = ("mitmproxy", "h11", "h2", "starlette", "uvicorn", "playwright")


def facts() -> tuple[tuple[str, str], ...]:
    """The command, the versions and the machine."""
    # Redacted word by word: a header is recognised, and its secret hidden, only where it stands alone.
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
    """Write the page of a document of `probe` or `audit`."""
    page = site_of_document(document, command=command, facts=facts())
    write(page, folder, [counts_by_column(page)])


def write(site: Site, folder: Path, charts: Sequence[Drawn]) -> None:
    """Write the page; its path is printed on standard error."""
    made, note = drawn_all(charts)
    path = write_site(msgspec.structs.replace(site, charts=made, charts_note=note), folder)
    sys.stderr.write(f"firstbyte: the page is {path}\n")
