"""Writes finished exchanges as a mitmproxy flow file: `mitmproxy -r FILE` opens it, mitmdump and mitmweb too.

Bodies up to the record's limit. Timers that fired and the edge's own answer are in the flow's comment.
Secrets are redacted: such a file is handed round as a HAR is.
"""

import io
import warnings
from pathlib import Path

from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.flow import Error
from mitmproxy.http import Headers, HTTPFlow, Request, Response

from firstbyte.harness import redact
from firstbyte.harness.files.replace import replace
from firstbyte.proxies.edge.record import Record


class FlowWriter:
    """Collects records. began: seconds of Unix time at `began_us` of the run's clock."""

    def __init__(self, began: float, began_us: int) -> None:
        self._began = began
        self._began_us = began_us
        self._flows: list[HTTPFlow] = []

    def add(self, record: Record) -> None:
        """One more exchange."""
        self._flows.append(self._flow(record))

    def write(self, path: Path) -> None:
        """Write the file whole or not at all: a reader never sees half of it."""
        with warnings.catch_warnings(action="ignore"):
            # mitmproxy's reader of filters uses old names of pyparsing.
            from mitmproxy.io import FlowWriter as Stream  # noqa: PLC0415 - loads what nothing else here needs
        content = io.BytesIO()
        stream = Stream(content)  # type: ignore[no-untyped-call] # mitmproxy has no types there
        for flow in self._flows:
            stream.add(flow)
        replace(path, content.getvalue(), option="--save-flows")

    def _at(self, microseconds: int | None) -> float | None:
        return None if microseconds is None else self._began + (microseconds - self._began_us) / 1e6

    def _flow(self, record: Record) -> HTTPFlow:
        host, _, port = record.host.partition(":")
        started = self._began + (record.started - self._began_us) / 1e6
        client = Client(
            peername=("", 0), sockname=("", 0), state=ConnectionState.CLOSED, timestamp_start=started
        )
        server = Server(address=(host, int(port) if port.isdigit() else 80))
        flow = HTTPFlow(client, server)
        flow.request = Request(
            host=host,
            port=server.address[1] if server.address else 80,
            method=record.method.encode("latin-1", "replace"),
            scheme=b"http",
            authority=b"",
            path=redact.text(record.path).encode("latin-1", "replace"),
            http_version=record.client_version.encode(),
            headers=_headers(record.request_headers),
            content=redact.data(bytes(record.request_body)),
            trailers=None,
            timestamp_start=started,
            timestamp_end=self._at(record.sent) or started,
        )
        flow.comment = _comment(record)
        if record.status:
            flow.response = self._response(record)
        else:
            flow.error = Error(f"no status; ended {record.end}", self._at(record.ended) or started)
        return flow

    def _response(self, record: Record) -> Response:
        return Response(
            http_version=record.client_version.encode(),
            status_code=record.status,
            reason=redact.text(record.reason).encode("latin-1", "replace"),
            headers=_headers(record.response_headers),
            content=redact.data(bytes(record.response_body)),
            trailers=None,
            timestamp_start=self._at(record.header) or self._at(record.ended) or 0,
            timestamp_end=self._at(record.ended),
        )


def _headers(fields: tuple[tuple[bytes, bytes], ...]) -> Headers:
    return Headers(
        [
            (name, redact.header(name.decode("latin-1"), value.decode("latin-1")).encode("latin-1"))
            for name, value in fields
        ]
    )


def _comment(record: Record) -> str:
    parts = [f"request {record.request}", f"end {record.end}", f"attempts {record.attempts}"]
    if record.fired:
        parts.append(f"fired {', '.join(record.fired)}")
    if record.answer:
        parts.append(f"the edge's own answer: {record.answer}")
    return "firstbyte: " + "; ".join(parts)
