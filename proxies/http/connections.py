"""The connections and contexts that mitmproxy's layers ask for, without what an edge never uses of them.

mitmproxy gives each a random id and twenty attributes, and each context a server nobody connects to: a third
of the objects of an exchange. These have the same names and defaults.
"""

from functools import cached_property
from typing import Any
from uuid import uuid4

from mitmproxy.connection import Address, Client, Server
from mitmproxy.proxy.context import Context

from firstbyte.proxies.http.options import OPTIONS


class _Identity:
    """A connection is equal to itself alone, so that looking it up asks nobody."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @cached_property
    def id(self) -> str:
        """Unique; made when somebody asks: an addon."""
        return str(uuid4())


class EdgeClient(_Identity, Client):  # type: ignore[override]  # its id is no attribute
    """A client's connection."""

    timestamp_start = 0.0

    def __init__(self) -> None:
        self.peername = self.sockname = ("", 0)

    @classmethod
    def from_state(cls, state: Any) -> Client:  # type: ignore[override]  # whoever copies gets mitmproxy's
        """A copy for an addon."""
        return Client.from_state(state)


class OriginConnection(_Identity, Server):  # type: ignore[override]  # its id is no attribute
    """A connection to the origin. is_full: bytes wait to be written to it."""

    is_full = False

    def __init__(self, address: Address | None = None) -> None:
        self.address = address

    __setattr__ = object.__setattr__

    @classmethod
    def from_state(cls, state: Any) -> Server:  # type: ignore[override]  # whoever copies gets mitmproxy's
        """A copy for an addon."""
        return Server.from_state(state)


class EdgeContext(Context):
    """What a layer knows of its surroundings. server: nobody, until a connection is made for it."""

    def __init__(self, client: Client, server: Server) -> None:
        self.client = client
        self.options = OPTIONS
        self.server = server
        self.layers = []

    def fork(self) -> "EdgeContext":
        """The same surroundings for a child."""
        fork = EdgeContext(self.client, self.server)
        fork.layers = self.layers.copy()
        return fork
