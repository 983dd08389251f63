"""The minimal web page, for tests in a browser. Its files are read once and kept; nothing else can be read.

Must never send a file without its Content-Security-Policy.
"""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from firstbyte.reference_server.errors import not_found
from firstbyte.reference_server.operations import Operation, Outcome, RawResponse
from firstbyte.reference_server.schemas import STRING, ref

_FOLDER: Final = Path(__file__).parent.parent / "ui" / "minimal"
_TYPES: Final = {
    "index.html": b"text/html; charset=utf-8",
    "page.js": b"text/javascript; charset=utf-8",
    "page.css": b"text/css; charset=utf-8",
}
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def _page(request: Request) -> Response:
    name = str(request.path_params.get("file", "")) or "index.html"
    if name not in _TYPES:
        raise not_found(f"The page has no file '{name}'")
    data = _content(name)
    headers = [
        (b"Content-Type", _TYPES[name]),
        (b"Content-Security-Policy", _POLICY),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Cache-Control", b"no-cache"),
        (b"Content-Length", str(len(data)).encode()),
    ]
    return RawResponse(200, headers, data)


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


_FOUND: Final = Outcome(status=200, description="The file", schema=STRING, media_type="text/html")
_MISSING: Final = Outcome(status=404, description="No such file", schema=ref("NotFound"))
OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/ui/minimal/",
        id="ui.minimal",
        summary="A minimal page that sends prompts",
        endpoint=_page,
        outcomes=[_FOUND],
    ),
    Operation(
        method="GET",
        path="/ui/minimal/{file}",
        id="ui.minimal.file",
        summary="A file of that page",
        endpoint=_page,
        outcomes=[_FOUND, _MISSING],
    ),
)
