"""A server full of secrets, and a search for them in all that a command leaves behind.

Each secret is one word that begins with PLANTED, so that a test says which one came through.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from re import findall
from threading import Thread

CONFIGURED = "x-tenant,account"
#: In two parts, so that this file holds nothing that looks like a key.
BY_FORM = ("sk-" + "PLANTED0101abcdefgh", "ghp_" + "PLANTED0102abcdefgh", "AKIA" + "PLANTED0103ABCDE")
JWT = "eyJ" + "PLANTED0104.PLANTED0105.PLANTED0106"
SENT = {
    "Authorization": "Bearer PLANTED-bearer-0001",
    "Proxy-Authorization": "Basic PLANTED0002",
    "Cookie": "sid=PLANTED-0003; theme=PLANTED-0004",
    "X-Api-Key": "PLANTED-0005",
    "X-Tenant": "PLANTED-0006",
    "X-Forms": " ".join((*BY_FORM, JWT)),
    "X-Plain": "VISIBLE-0001",
}
QUERY = "api_key=PLANTED-0007&access_token=PLANTED-0008&token=PLANTED-0021&account=PLANTED-0022"
BODY = b'{"password": "PLANTED-0009", "clientSecret": "PLANTED-0010", "text": "VISIBLE-0003"}'
USERINFO = "user:PLANTED-0011@"
ANSWER = {
    "token": "PLANTED-0012",
    "said": " ".join(BY_FORM),
    "account": "PLANTED-0015",
    "link": f"http://{USERINFO}elsewhere.example/?secret=PLANTED-0016",
    "id": "one",
    "items": [{"role": "user", "text": "VISIBLE-0004", "id": "m1", "api_key": "PLANTED-0017"}],
}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "planted", "version": "1"},
    "paths": {
        f"/{name}": {"get": {"operationId": name, "responses": {"200": {"description": "an answer"}}}}
        for name in ("x", "slow")
    },
}


class Answering(BaseHTTPRequestHandler):
    """Sets a cookie and says secrets, whatever it is asked."""

    def do_POST(self) -> None:
        """Take the body first."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def do_GET(self) -> None:
        """The document, or secrets."""
        body = json.dumps(DOCUMENT if self.path.startswith("/openapi.json") else ANSWER).encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "sid=PLANTED-0013; HttpOnly")
        self.send_header("X-Auth-Token", "PLANTED-0014")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: only what firstbyte says is looked at."""


@contextmanager
def planted_server() -> Iterator[str]:
    """Its address, as host:port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file below, those inside of zips too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from _opened(str(path.relative_to(folder)), path.read_bytes())


def _opened(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _opened(f"{name}/{member}", archive.read(member))


def leaks(folder: Path, *said: str) -> list[str]:
    """Each secret in a file of `folder` or in what was said, with where it is."""
    texts = [*everything(folder), *(("said", one.encode()) for one in said)]
    return sorted(
        {f"{name}: {word.decode()}" for name, text in texts for word in findall(rb"PLANTED[-\w]*", text)}
    )
