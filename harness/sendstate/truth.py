"""Asks the server under test what it has, past the edge, with the page's own cookies.

It must never go through the edge: that one may be holding everything.
"""

import json
import re
from contextlib import suppress

import httpx
from playwright.sync_api import Page

from firstbyte.harness.files.json_path import Json, select, texts
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.adapter import Adapter
from firstbyte.harness.sendstate.opening import page_path
from firstbyte.harness.sendstate.seen import Said

SECONDS = 10.0


class Truthful:
    """The server's own account, for one front end."""

    def __init__(self, origin: str, adapter: Adapter, *, verify: bool = True) -> None:
        self._origin = origin
        self._adapter = adapter
        self._client = httpx.Client(timeout=SECONDS, verify=verify, trust_env=False)

    def __repr__(self) -> str:
        return f"<Truthful {self._origin}{self._adapter.truth.url}>"

    def close(self) -> None:
        """Drop the connection."""
        self._client.close()

    def page(self) -> str:
        """The path of the page, of a new session where the adapter makes them."""
        return page_path(self._adapter, self._origin, self._client)

    def ask(self, page: Page) -> list[Said]:
        """Every message of the page's session. Raises BadInput when that is not what the answer holds."""
        return self._read(self.document(page))

    def ask_early(self, page: Page) -> list[Said]:
        """The same before anything was sent: a session that is made by the first message has none yet."""
        with suppress(BadInput):
            return self.ask(page)
        return []

    def document(self, page: Page) -> Json:
        """The server's answer as it is. Raises BadInput when there is none."""
        url = self._origin + self._adapter.truth.url.replace("{session}", self._session(page))
        cookies = "; ".join(
            f"{one['name']}={one['value']}" for one in page.context.cookies() if "name" in one
        )
        headers = {**self._adapter.truth.headers, **({"Cookie": cookies} if cookies else {})}
        try:
            reply = self._client.get(url, headers=headers)
        except httpx.HTTPError as error:
            raise SetupFailed(f"{url}: the server does not answer: {error}") from error
        if reply.status_code != 200:
            raise BadInput(f"{self._adapter.name}: truth.url: GET {url} gave {reply.status_code}")
        try:
            document: Json = json.loads(reply.content)
        except ValueError as error:
            raise BadInput(f"{self._adapter.name}: truth.url: GET {url} gave no JSON: {error}") from error
        return document

    def _read(self, document: Json) -> list[Said]:
        truth = self._adapter.truth
        found = []
        for message in select(document, truth.messages):
            is_mine = truth.mine in texts(message, truth.role)
            found.append(Said(text="\n".join(texts(message, truth.text)), mine=is_mine))
        return [said for said in found if said.text]

    def session(self, page: Page) -> str:
        """The id of the page's session; '' where the address has none."""
        found = re.search(self._adapter.session, page.url) if self._adapter.session else None
        return found[1] if found else ""

    def _session(self, page: Page) -> str:
        session = self.session(page)
        if self._adapter.session and not session:
            pattern = self._adapter.session
            raise BadInput(f"{self._adapter.name}: session: '{pattern}' finds nothing in {page.url}")
        return session
