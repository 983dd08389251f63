"""Reads an OpenAPI document, from an address or a file, and finds out which server it is about.

It must never send a secret to a server that the user did not name.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.problems import BadInput, SetupFailed

FETCH_SECONDS = 30.0
MOST_BYTES = 64 << 20
CURE = "give the address or file of an OpenAPI 3 or Swagger 2 document"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A document and the address its paths are under, without a slash at the end. name: where it came from,
    without secrets.
    """

    name: str
    document: dict[str, Any]
    server: str


def read_source(
    where: str, headers: tuple[tuple[str, str], ...], server: str | None, *, verify: bool
) -> Source:
    """BadInput when it is no OpenAPI document or its server is not known; SetupFailed when nobody answers."""
    is_url = where.startswith(("http://", "https://"))
    text = _fetched(where, headers, verify=verify) if is_url else _read(Path(where))
    shown = redact.text(where)
    document = _parsed(text, shown)
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise BadInput(f"{shown}: is no OpenAPI document: it has no key 'openapi' or 'swagger'; {CURE}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise BadInput(f"{shown}: paths: is empty or missing, so there is nothing to audit; {CURE}")
    return Source(
        name=shown, document=document, server=_server(document, where if is_url else "", server, shown)
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}; {CURE}") from error


def _fetched(url: str, headers: tuple[tuple[str, str], ...], *, verify: bool) -> bytes:
    import httpx  # noqa: PLC0415 - only for a document on a server

    shown = redact.text(url)
    try:
        # trust_env: a proxy of the environment would be one more edge.
        with httpx.Client(verify=verify, timeout=FETCH_SECONDS, trust_env=False) as client:
            answer = client.get(url, headers=list(headers))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise SetupFailed(
            f"{shown}: no document came: {str(error) or type(error).__name__}; is it up?"
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise BadInput(f"{shown}: answered {answer.status_code} instead of a document; {CURE}")
    return answer.content


def _parsed(content: bytes, shown: str) -> Any:
    if len(content) > MOST_BYTES:
        raise BadInput(f"{shown}: is larger than {MOST_BYTES >> 20} MiB; {CURE}")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return _yaml(content, shown)


def _yaml(content: bytes, shown: str) -> Any:
    import yaml  # type: ignore[import-untyped] # noqa: PLC0415 - comes with schemathesis and has no types

    try:
        return yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"{shown}: is neither JSON nor YAML: {redact.text(reason)}; {CURE}") from error


def _server(document: dict[str, Any], fetched_from: str, given: str | None, shown: str) -> str:
    if given is not None:
        return _checked(given, "--server")
    named = _named_server(document)
    if not fetched_from:
        if not named.startswith(("http://", "https://")):
            raise BadInput(f"{shown}: names no server; add --server http://host:port")
        return _checked(named, f"{shown}: servers[0].url")
    server = _checked(urljoin(fetched_from, named or "/"), f"{shown}: servers[0].url")
    if _origin(server) != _origin(fetched_from):
        raise BadInput(
            f"{shown}: its servers[0].url is on another host, {redact.text(_origin(server))}; "
            "say which one to ask with --server"
        )
    return server


def _named_server(document: dict[str, Any]) -> str:
    if "swagger" in document:
        host, base = document.get("host"), document.get("basePath")
        path = base if isinstance(base, str) else "/"
        schemes = document.get("schemes")
        scheme = schemes[0] if isinstance(schemes, list) and schemes else "http"
        return f"{scheme}://{host}{path}" if isinstance(host, str) else path
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    url = first.get("url") if isinstance(first, dict) else None
    return url if isinstance(url, str) else ""


def _checked(url: str, where: str) -> str:
    from firstbyte.harness.probe.address import read_address  # noqa: PLC0415

    if "{" in url:
        raise BadInput(f"{where}: '{redact.text(url)}' has variables; say which server with --server")
    try:
        read_address(url, verify=False)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    return url.partition("?")[0].rstrip("/")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
