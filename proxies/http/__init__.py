"""Messages and protocols of an edge: HTTP/1.1 and HTTP/2 on mitmproxy's layers."""
