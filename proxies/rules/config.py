"""The configuration of one emulated edge: its profile, its one upstream, its limits.

It holds no default that belongs to a profile.
"""

from pathlib import Path

import msgspec

from firstbyte.address import host_port
from firstbyte.harness.model.profile import Profile

#: Bytes of one message head. The common default of the products is between 8 KiB (nginx) and 128 KiB
#: (Cloudflare).
MAX_HEADER_BYTES = 64 * 1024
#: Bytes of one request kept for sending it again; a longer one is sent once.
MAX_REPLAY_BYTES = 1024 * 1024
#: Bytes of one request when the profile reads it whole before it goes on; a longer one gets 413.
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
#: Lines of one message head. Apache and HAProxy allow about 100, Node 2,000.
MAX_HEADER_FIELDS = 500
#: Client connections of one edge at a time; one more is closed at once.
MAX_CONNECTIONS = 16_384
#: Connections to the upstream kept for requests to come; one more is closed.
MAX_IDLE = 1_024
#: Streams a client of HTTP/2 may reset on one connection. Each has cost a request at the origin.
MAX_HTTP2_RESETS = 1_000
#: PING, SETTINGS, PRIORITY, unknown and empty DATA frames of a client on one connection.
MAX_HTTP2_CHATTER = 10_000

#: Turns of the event loop between a late alarm and its timer. A byte or a connection that is there already
#: needs some turns until it has reached its exchange.
CATCH_UP_TURNS = 16


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """The one server an edge talks to.

    authority: what the Host header is set to; None = the client's Host goes on as it came. verify: check
    its certificate.
    """

    host: str
    port: int
    tls: bool = False
    verify: bool = True
    authority: str | None = None

    @property
    def host_header(self) -> str:
        """What names this server in a request that names none."""
        return host_port(self.host, self.port)


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of PEM files: the leaf with its chain, its private key, and the CA a client has to trust."""

    certificate: Path
    key: Path
    authority: Path


class EdgeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of one edge. The time scale has been applied to the profile already.

    hop: its place in a chain, 0 = next to the client. held: timers fire by order only, not by the clock.
    ordered: requests are numbered and take orders, but timers fire by the clock.
    is_virtual: the edge runs in a simulation, where time stands still while it works. Otherwise what the
    edge sees before an alarm came before the limit, however late both are.
    """

    profile: Profile
    upstream: Upstream
    hop: int = 0
    tls: TlsFiles | None = None
    held: bool = False
    ordered: bool = False
    is_virtual: bool = True
    max_header_bytes: int = MAX_HEADER_BYTES
    max_connections: int = MAX_CONNECTIONS
    max_replay_bytes: int = MAX_REPLAY_BYTES
    max_buffered_bytes: int = MAX_BUFFERED_BYTES
