"""Makes a session for a page that can't be opened without one, and fills what the server says of it into the
page's path.

It must never go through the edge: what it does is no part of what is tested.
"""

import base64
from collections.abc import Iterator

import httpx

from firstbyte.harness.files.json_path import Json, texts
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.adapter import PLACE, Adapter, Create


def page_path(adapter: Adapter, origin: str, client: httpx.Client) -> str:
    """The path to open; with `create`, that of a new session. Raises BadInput for what does not fit."""
    create = adapter.create
    if create is None:
        return adapter.page
    taken = dict(_taken(adapter.name, create, _made(adapter.name, origin + create.url, create, client)))
    return PLACE.sub(lambda place: _filled(taken[place[1]], place[2] or ""), adapter.page)


def _made(name: str, url: str, create: Create, client: httpx.Client) -> Json:
    try:
        reply = client.post(url, content=create.body, headers={"Content-Type": "application/json"})
    except httpx.HTTPError as error:
        raise SetupFailed(f"{url}: the server does not answer: {error}") from error
    if not reply.is_success:
        raise BadInput(f"{name}: create.url: POST {url} gave {reply.status_code}: {reply.text[:200]}")
    try:
        made: Json = reply.json()
    except ValueError as error:
        raise BadInput(f"{name}: create.url: POST {url} gave no JSON: {error}") from error
    return made


def _taken(name: str, create: Create, made: Json) -> Iterator[tuple[str, str]]:
    for key, path in create.take.items():
        found = texts(made, path)
        if not found:
            raise BadInput(f"{name}: create.take.{key}: '{path}' leads to no text in the server's answer")
        yield key, found[0]


def _filled(value: str, form: str) -> str:
    if not form:
        return value
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
