"""A failed rule's story on one axis: what the check did, what the user saw, what the edge did.

Text for people. It must never decide anything.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from firstbyte.harness import redact
from firstbyte.harness.clock import monotonic_ns, wall_ms
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.sendstate.seen import Announced, Frame, Record

PARTS_OF_PAGE = frozenset({".js", ".css", ".png", ".svg", ".ico", ".woff2", ".map"})
WORTH_TELLING = frozenset(
    {Kind.REQUEST_RECEIVED, Kind.REQUEST_FORWARDED, Kind.HELD, Kind.TIMER_FIRED, Kind.CLIENT_LEFT}
)


def story(
    notes: Sequence[tuple[int, str]],
    record: Record,
    requests: Sequence[tuple[int, str]],
    edge: Sequence[Event],
) -> str:
    """One line an event: seconds since the first one, who, what."""
    # The page's part carries Unix time, all else this machine's monotonic one: joined to the millisecond.
    ahead = wall_ms() * 1000 - monotonic_ns() // 1000
    of_page = [*_seen(record.frames), *_heard(record.announced), *_requests(requests)]
    lines = [*_notes(notes), *((at - ahead, who, what) for at, who, what in of_page), *_edge(edge)]
    lines.sort(key=lambda line: line[0])
    began = lines[0][0] if lines else 0
    return "".join(f"{(at - began) / 1e6:10.6f}  {who:<5} {redact.text(what)}\n" for at, who, what in lines)


def lines_of(text: str) -> Iterator[tuple[int, str, str]]:
    """A story as it was written: microseconds since the first line, who, what."""
    for line in text.splitlines():
        at, who, *what = line.split(maxsplit=2)
        yield round(float(at) * 1_000_000), who, " ".join(what)


def _notes(notes: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for at, text in notes:
        yield at, "check", text


def _seen(frames: Sequence[Frame]) -> Iterator[tuple[int, str, str]]:
    for frame in frames:
        shown = [f"{'?' if one.pending else '>' if one.mine else '<'} {one.text}" for one in frame.messages]
        failures = f"; says {' / '.join(frame.failures)}" if frame.failures else ""
        yield frame.at, "page", f"composer '{frame.composer}'; {' | '.join(shown) or 'no message'}{failures}"


def _heard(announced: Sequence[Announced]) -> Iterator[tuple[int, str, str]]:
    for one in announced:
        yield one.at, "page", f"announces '{one.text}'"


def _requests(told: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for at, what in told:
        yield at, "page", what


def _edge(events: Sequence[Event]) -> Iterator[tuple[int, str, str]]:
    parts_of_page: set[int] = set()
    for event in events:
        if event.kind is Kind.REQUEST_RECEIVED:  # numbers begin anew when the edge does
            path = PurePosixPath(str(event.data.get("path", "")).partition("?")[0])
            (parts_of_page.add if path.suffix in PARTS_OF_PAGE else parts_of_page.discard)(event.request)
        is_order = event.kind is not Kind.HELD or bool(event.data.get("action"))
        if event.kind in WORTH_TELLING and is_order and event.request not in parts_of_page:
            data = " ".join(f"{key}={value}" for key, value in event.data.items() if key != "hop")
            yield event.at, "edge", f"{event.kind} request={event.request} {data}".rstrip()
