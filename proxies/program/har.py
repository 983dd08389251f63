"""Writes finished exchanges as HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/ (2012-10-22).

Bodies up to the record's limit. Timers that fired and the edge's own answer are in the `_firstbyte` field
of an entry. Secrets are redacted.
"""

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path

from firstbyte.harness import redact
from firstbyte.harness.files.replace import replace
from firstbyte.proxies.edge.record import MAX_BODY, Record


class HarWriter:
    """Collects records. began: the time of day at `began_us` of the run's clock."""

    def __init__(self, began: datetime, began_us: int) -> None:
        self._began = began
        self._began_us = began_us
        self._entries: list[dict[str, object]] = []

    def add(self, record: Record) -> None:
        """One more exchange."""
        self._entries.append(self._entry(record))

    def write(self, path: Path) -> None:
        """Write the file whole or not at all: a reader never sees half of it."""
        log = {"version": "1.2", "creator": {"name": "firstbyte", "version": "1"}, "entries": self._entries}
        content = json.dumps({"log": redact.record(log)}, indent=1)
        replace(path, content.encode(), option="--save-har")

    def _entry(self, record: Record) -> dict[str, object]:
        started = self._began + timedelta(microseconds=record.started - self._began_us)
        return {
            "startedDateTime": started.isoformat(timespec="milliseconds"),
            "time": (record.ended - record.started) / 1000,
            "request": _request(record),
            "response": _response(record),
            "cache": {},
            "timings": _timings(record),
            "_firstbyte": {
                "request": record.request,
                "timers_fired": record.fired,
                "edge_answer": record.answer,
                "attempts": record.attempts,
                "end": record.end,
            },
        }


def _request(record: Record) -> dict[str, object]:
    request: dict[str, object] = {
        "method": record.method,
        "url": f"http://{record.host}{record.path}",
        "httpVersion": record.client_version,
        "cookies": [],
        "headers": _headers(record.request_headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": record.request_size,
    }
    if record.request_size:
        request["postData"] = {"mimeType": _type(record.request_headers), **_text(record.request_body)}
    return request


def _response(record: Record) -> dict[str, object]:
    content: dict[str, object] = {"size": record.response_size, "mimeType": _type(record.response_headers)}
    if record.response_size:
        content |= _text(record.response_body)
    if record.response_size > MAX_BODY:
        content["comment"] = f"the first {MAX_BODY} bytes"
    return {
        "status": record.status,
        "statusText": record.reason,
        "httpVersion": record.client_version,
        "cookies": [],
        "headers": _headers(record.response_headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": record.response_size,
    }


def _timings(record: Record) -> dict[str, float]:
    sent = record.sent if record.sent is not None else record.ended
    answered = record.header if record.header is not None else record.ended
    return {
        "send": max(0, sent - record.started) / 1000,
        "wait": max(0, answered - sent) / 1000,
        "receive": max(0, record.ended - max(answered, sent)) / 1000,
    }


def _headers(fields: tuple[tuple[bytes, bytes], ...]) -> list[dict[str, str]]:
    return [{"name": name.decode("latin-1"), "value": value.decode("latin-1")} for name, value in fields]


def _type(fields: tuple[tuple[bytes, bytes], ...]) -> str:
    return next((value.decode("latin-1") for name, value in fields if name.lower() == b"content-type"), "")


def _text(body: bytearray) -> dict[str, object]:
    try:
        return {"text": bytes(body).decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(bytes(body)).decode(), "encoding": "base64"}
