"""Reads the parts of a request from the command line: method, address, headers, data.

BadInput names the option, the reason and the cure. A line break never gets into a head.
"""

import json
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.probe.record import Question, Target
from firstbyte.harness.problems import BadInput

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PORTS = {"http": 80, "https": 443}
_SAFE = "/%?#[]@!$&'()*+,;=:~-._|"
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The target of a request. path: with its query."""

    target: Target
    path: str


def read_address(url: str, *, verify: bool = True) -> Address:
    """Read `http://host[:port]/path?query`, or the same with https."""
    shown = redact.text(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadInput(f"'{shown}' is no address: {error}; write http://host:port/path") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadInput(f"'{shown}' is no address to probe; write http://host:port/path or https://...")
    if parts.username is not None:
        raise BadInput(
            f"'{shown}': a password in an address gets into logs; use --header 'Authorization: ...'"
        )
    if _CONTROL.search(url):
        raise BadInput(f"{shown!r}: a space or control character; write it as %20 and so on")
    path = quote(parts.path or "/", safe=_SAFE) + (
        f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    )
    context = _tls(verify=verify) if parts.scheme == "https" else None
    return Address(
        target=Target(host=parts.hostname, port=port or _PORTS[parts.scheme], tls=context), path=path
    )


def _tls(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def read_method(text: str, where: str = "") -> str:
    """The method in upper case. where: the start of an error message."""
    if not TOKEN.fullmatch(text) or text.upper() == "CONNECT":
        raise BadInput(
            f"{where}{': ' if where else ''}'{text}' is no method to probe with; write GET, POST, PUT or HEAD"
        )
    return text.upper()


def read_headers(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read headers, each as `Name: value`."""
    return tuple(_header(one) for one in texts)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    shown = redact.header(name, value) if colon else "..."
    if not colon or not TOKEN.fullmatch(name):
        raise BadInput(f"--header '{name}': is no header; write 'Name: value'")
    if re.search(r"[\r\n\x00]", value):
        raise BadInput(f"--header '{name}: {shown}': a line break would end the header; take it out")
    if name.lower() in {"transfer-encoding", "connection", "upgrade"}:
        raise BadInput(f"--header '{name}': the probe frames its own request; leave it out")
    return name, value


def read_data(text: str | None) -> bytes:
    """The bytes of the text, or of a file when it starts with @."""
    if text is None:
        return b""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise BadInput(f"--data {text}: can't be read: {error.strerror}; name a file after the @") from error


def question_of(
    method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, *, has_body: bool
) -> Question:
    """The request. Data gets a Content-Type if the headers have none."""
    names = {name.lower() for name, _ in headers}
    if has_body and "content-type" not in names:
        headers = (*headers, ("Content-Type", "application/json" if _is_json(body) else "text/plain"))
    return Question(method=method, path=path, headers=headers, body=body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
