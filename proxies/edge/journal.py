"""What is written down about one exchange: events for the timeline, a record for the log line and the HAR."""

from mitmproxy import http

from firstbyte.harness import redact
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.record import Record, record_of
from firstbyte.proxies.edge.shared import SharedEdge


class Journal:
    """The parts of an exchange share it.

    now: the microsecond of the event that is being handled. record: set when the request's head is here.
    """

    __slots__ = ("_edge", "now", "record")

    record: Record

    def __init__(self, edge: SharedEdge) -> None:
        self.now = 0
        self._edge = edge

    def __repr__(self) -> str:
        return f"<Journal at {self.now}us>"

    def open(self, request: http.Request, place: int) -> None:
        """The request's head is here. place: among all requests, where our client has not numbered it."""
        edge = self._edge
        hop, keeps_bodies = edge.config.hop, edge.keeps_bodies
        self.record = record_of(request, place, self.now, hop=hop, keeps_bodies=keeps_bodies)
        if edge.is_watched:
            path = redact.text(request.path)
            self.report(Kind.REQUEST_RECEIVED, method=self.record.method, path=path)

    def report(self, kind: Kind, **data: str | int | bool) -> None:
        """Report an event of this request at the current microsecond."""
        if self._edge.is_watched:
            self._edge.report(kind, self.record.request, self.now, **data)
