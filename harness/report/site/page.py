"""Writes a site: one index.html with its style, its scripts and its data, and nothing else.

A strict policy lets exactly this style and these scripts run; all texts are put in by the page as text.
"""

import base64
import hashlib
import html
import re
from pathlib import Path

import msgspec

from firstbyte.harness.files.replace import replace
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report.site.model import Site
from firstbyte.harness.report.site.packing import packed, shown

_HERE = Path(__file__).parent
_SCRIPTS = ("base.js", "lanes.js", "draw.js", "case.js", "overview.js", "main.js")
INDEX = "index.html"


def write_site(site: Site, folder: Path) -> Path:
    """Write the page into `folder`, which is made when it is not there; returns its path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"--html {folder}: can't be made: {error.strerror}; name a folder you may write to"
        ) from error
    replace(folder / INDEX, rendered(site), option="--html")
    return folder / INDEX


def rendered(site: Site) -> bytes:
    """The page as UTF-8 HTML."""
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = '"use strict";\n' + "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    parts = {
        "@POLICY@": policy_of(script, style),
        "@TITLE@": html.escape(shown(site.title)),
        "@STYLE@": style,
        "@SCRIPT@": script,
        "@DATA@": _inline(site),
    }
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    # Cut at the marks first: what is put in is not looked through again.
    return "".join(parts.get(piece, piece) for piece in re.split(f"({'|'.join(parts)})", page)).encode()


def _inline(site: Site) -> str:
    # Inside a script element only "<" can do harm; as an escape it is the same JSON.
    return msgspec.json.encode(packed(site)).decode("utf-8", "replace").replace("<", "\\u003c")


def policy_of(script: str, style: str) -> str:
    """The Content-Security-Policy that lets this inline script and style work, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
