"""The bytes of one HTTP/1 answer: its head, its body in the framing the head announces, its end."""

from mitmproxy import http
from mitmproxy.net.http import http1

from firstbyte.proxies.http.fields import is_chunked
from firstbyte.proxies.http.head_rules import HTTP09
from firstbyte.proxies.rules.message import has_no_body


class ResponseWriter:
    """Writes one answer. method: the request's."""

    __slots__ = ("_chunks", "_has_body", "_is_head", "_response", "_trailers_written")

    def __init__(self, method: str, response: http.Response) -> None:
        self._response = response
        self._chunks = is_chunked(response.headers)
        self._is_head = method.upper() == "HEAD"
        self._has_body = not has_no_body(method, response.status_code)
        self._trailers_written = False

    def __repr__(self) -> str:
        return f"<ResponseWriter {self._response.status_code}{', chunked' if self.is_chunked else ''}>"

    @property
    def is_chunked(self) -> bool:
        """Whether there is a body, in chunks, whose last one has not been written."""
        return self._chunks and self._has_body and not self._trailers_written

    def head(self) -> bytes:
        """Status line and fields; nothing for HTTP/0.9."""
        return b"" if self._response.data.http_version == HTTP09 else head_bytes(self._response)

    def data(self, data: bytes) -> bytes:
        """Bytes of the body."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._chunks else data

    def trailers(self, trailers: http.Headers) -> bytes:
        """The last chunk with these trailers; other framings can't have any."""
        if not self.is_chunked:
            return b""
        self._trailers_written = True
        return b"0\r\n" + bytes(trailers) + b"\r\n"

    def end(self) -> bytes:
        """The last chunk, if it has not gone out with trailers."""
        return b"0\r\n\r\n" if self._chunks and not self._is_head and not self._trailers_written else b""

    def bad_chunk(self) -> bytes:
        """A chunk that is malformed, so that no client takes what came before for the whole."""
        return b"\r\n1\r\n" if self.is_chunked else b""


def head_bytes(response: http.Response) -> bytes:
    """Status line and fields of any answer, interims too."""
    head: bytes = http1.assemble_response_head(response)  # type: ignore[no-untyped-call]  # mitmproxy's
    return head
