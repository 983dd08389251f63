"""One line for each finished exchange: what was asked, what was answered, when, and which timers fired."""

from firstbyte.harness import redact
from firstbyte.harness.model.units import as_seconds
from firstbyte.proxies.edge.record import Record


def line(record: Record) -> str:
    """`POST /session/ses_1/command 524 2.001s timer proxy-read`, and what else is out of the ordinary."""
    parts = [
        record.method,
        _printable(record.path),
        str(record.status or "-"),
        f"{as_seconds(record.ended - record.started):.3f}s",
    ]
    if record.hop:
        parts.insert(0, f"hop {record.hop}:")
    if record.fired:
        parts.append(f"timer {', '.join(record.fired)}")
    if record.answer and not record.fired:
        parts.append(f"edge answered: {record.answer}")
    if record.attempts > 1:
        parts.append(f"sent {record.attempts} times")
    if record.end != "complete":
        parts.append(_printable(record.end))
    return " ".join(parts)


def _printable(text: str) -> str:
    # A client chooses these words: no control characters in a terminal or a log.
    text = redact.text(text)
    return text.encode("ascii", "backslashreplace").decode() if text.isprintable() else repr(text)
