"""The options mitmproxy's layers ask for, as constants.

An edge's behaviour is its profile's, not an option's.
"""

from dataclasses import dataclass
from typing import cast

from mitmproxy.options import Options


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerOptions:
    """Every name the layers in use read."""

    validate_inbound_headers: bool = True
    normalize_outbound_headers: bool = True
    http2_ping_keepalive: int = 0
    websocket: bool = True
    rawtcp: bool = True
    store_streamed_bodies: bool = False
    stream_large_bodies: None = None
    body_size_limit: None = None
    keep_host_header: bool = True
    connection_strategy: str = "lazy"
    proxy_debug: bool = False


#: A bag with the same names: mitmproxy's own class costs 12 kB and a signal for each option.
OPTIONS = cast("Options", LayerOptions())
