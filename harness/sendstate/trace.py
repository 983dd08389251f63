"""Takes secrets out of a Playwright trace: its events, its requests, and the bodies it keeps.

A trace is a zip of JSON lines and of resources under names that are hashes of what they were before. It must
stay a trace the viewer opens. Pictures are left as they are: what a page shows is in them.
"""

import json
import zipfile
from pathlib import Path

from firstbyte.harness import redact

LINES = (".trace", ".network", ".stacks")
PICTURES = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".woff2")


def redact_trace(path: Path) -> None:
    """Write the trace anew without its secrets; whole or not at all."""
    draft = path.with_name(f".{path.name}")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.infolist():
            after.writestr(member, _redacted(member.filename, before.read(member)), zipfile.ZIP_DEFLATED)
    draft.replace(path)


def _redacted(name: str, content: bytes) -> bytes:
    if name.endswith(PICTURES):
        return content
    if name.endswith(LINES):
        return b"\n".join(_line(line) for line in content.split(b"\n"))
    return redact.data(content)


def _line(line: bytes) -> bytes:
    try:
        return json.dumps(redact.record(json.loads(line)), separators=(",", ":")).encode()
    except ValueError:  # an empty line, or not what a trace has today: then as text
        return redact.data(line)
