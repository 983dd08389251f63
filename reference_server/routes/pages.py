"""The web pages in ui/, one folder each. Their files are read once and kept in memory.

Every file is sent with a Content-Security-Policy.
"""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from firstbyte.reference_server.errors import not_found
from firstbyte.reference_server.operations import RawResponse, ResponseSpec, operation
from firstbyte.reference_server.schemas import STRING, ref

_ROOT: Final = Path(__file__).parent.parent / "ui"
_TYPES: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
}
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def _page(request: Request) -> Response:
    page = str(request.path_params["page"])
    name = str(request.path_params.get("file", "")) or "index.html"
    path = _files().get((page, name))
    if path is None:
        raise not_found(f"There is no file '{name}' of a page '{page}'")
    data = _content(path)
    headers = [
        (b"Content-Type", _TYPES[path.suffix]),
        (b"Content-Security-Policy", _POLICY),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Referrer-Policy", b"no-referrer"),
        (b"Cache-Control", b"no-cache"),
        (b"Content-Length", str(len(data)).encode()),
    ]
    return RawResponse(200, headers, data)


@cache
def _files() -> dict[tuple[str, str], Path]:
    """Returns all files by page and name. A request's path is only looked up here, never opened."""
    found = (path for path in _ROOT.glob("*/*") if path.suffix in _TYPES)
    return {(path.parent.name, path.name): path for path in found}


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


_ANSWERS: Final = (
    ResponseSpec(status=200, description="The file", schema=STRING, media_type="text/html"),
    ResponseSpec(status=404, description="No such file", schema=ref("NotFound")),
)
OPERATIONS: Final = (
    operation("GET /ui/{page}/", "ui.page", "A page that sends prompts: naive, robust", _page, *_ANSWERS),
    operation("GET /ui/{page}/{file}", "ui.file", "A file of a page", _page, *_ANSWERS),
)
