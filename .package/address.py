"""An address as URLs and Host headers write it. Every command loads this, so it imports nothing."""


def host_port(host: str, port: int | None = None) -> str:
    """`host:port`, or the host alone; an IPv6 address stands in brackets (RFC 3986 3.2.2)."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
