"""What is written down about one exchange, for the log line and the HAR.

Filled by the parts of an exchange, read when it is over.
"""

from dataclasses import dataclass, field

#: Bytes of each body that a record keeps when bodies are kept at all.
MAX_BODY = 1024 * 1024


@dataclass(kw_only=True, slots=True)
class Record:
    """Times are microseconds of the run's clock; None = it never came to that."""

    hop: int
    request: int
    method: str
    path: str
    host: str
    client_version: str
    keeps_bodies: bool
    started: int
    request_headers: tuple[tuple[bytes, bytes], ...] = ()
    sent: int | None = None
    first_byte: int | None = None
    header: int | None = None
    ended: int = 0
    status: int = 0
    reason: str = ""
    response_headers: tuple[tuple[bytes, bytes], ...] = ()
    attempts: int = 0
    fired: list[str] = field(default_factory=list)
    answer: str = ""
    end: str = "complete"
    request_size: int = 0
    response_size: int = 0
    request_body: bytearray = field(default_factory=bytearray)
    response_body: bytearray = field(default_factory=bytearray)
    log: tuple[str, ...] = ()

    def add_request_bytes(self, data: bytes) -> None:
        """Count, and keep what fits."""
        self.request_size += len(data)
        if self.keeps_bodies:
            self.request_body += data[: MAX_BODY - len(self.request_body)]

    def add_response_bytes(self, data: bytes) -> None:
        """Count, and keep what fits."""
        self.response_size += len(data)
        if self.keeps_bodies:
            self.response_body += data[: MAX_BODY - len(self.response_body)]
