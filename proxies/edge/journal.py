"""What is written down about one exchange: events for the timeline, a record for the log line and the HAR."""

from dataclasses import dataclass, field

from mitmproxy import http

from firstbyte.harness import redact
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.proxies.edge.record import Record
from firstbyte.proxies.edge.shared import SharedEdge


@dataclass(slots=True, eq=False)
class Journal:
    """The parts of an exchange share it.

    now: the microsecond of the event that is being handled. record: set when the request's head is here.
    """

    _edge: SharedEdge
    now: int = 0
    record: Record = field(init=False)

    def __repr__(self) -> str:
        return f"<Journal at {self.now}us>"

    def open(self, request: http.Request, place: int) -> None:
        """The request's head is here. place: among all requests, where our client has not numbered it."""
        number = request.headers.get("x-firstbyte-request", "0")
        self.record = Record(
            hop=self._edge.config.hop,
            request=(int(number) if number.isascii() and number.isdigit() else 0) or place,
            method=request.method.upper(),
            path=request.path,
            host=request.authority or request.headers.get("host", ""),
            client_version="HTTP/2" if request.is_http2 else request.http_version,
            keeps_bodies=self._edge.keeps_bodies,
            started=self.now,
            request_headers=request.headers.fields,
        )
        if self.is_watched:
            path = redact.text(request.path)
            self.report(Kind.REQUEST_RECEIVED, method=self.record.method, path=path)

    @property
    def is_watched(self) -> bool:
        """Whether anybody gets the events."""
        return self._edge.report is not None

    def report(self, kind: Kind, **data: str | int | bool) -> None:
        """Report an event of this request at the current microsecond."""
        report = self._edge.report
        if report is not None:
            data = {"hop": self._edge.config.hop, **data}
            report(Event(at=self.now, actor=Actor.EDGE, kind=kind, request=self.record.request, data=data))
