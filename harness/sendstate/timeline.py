"""A failed rule's story on one axis: what the check did, what the user saw, what the edge did.

Text for people. It must never decide anything.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.clock import monotonic_ns, wall_ms
from firstbyte.harness.sendstate.seen import Frame, Record
from firstbyte.harness.timeline import Event, Kind

WORTH_TELLING = frozenset(
    {Kind.REQUEST_RECEIVED, Kind.REQUEST_FORWARDED, Kind.HELD, Kind.TIMER_FIRED, Kind.CLIENT_LEFT}
)


def story(notes: Sequence[tuple[int, str]], record: Record, edge: Sequence[Event]) -> str:
    """One line an event: seconds since the first one, who, what."""
    lines = [*_notes(notes), *_seen(record.frames), *_edge(edge)]
    lines.sort(key=lambda line: line[0])
    began = lines[0][0] if lines else 0
    return "".join(f"{(at - began) / 1e6:10.6f}  {who:<5} {what}\n" for at, who, what in lines)


def lines_of(text: str) -> Iterator[tuple[int, str, str]]:
    """A story as it was written: microseconds since the first line, who, what."""
    for line in text.splitlines():
        at, who, *what = line.split(maxsplit=2)
        yield round(float(at) * 1_000_000), who, " ".join(what)


def _notes(notes: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for at, text in notes:
        yield at, "check", text


def _seen(frames: Sequence[Frame]) -> Iterator[tuple[int, str, str]]:
    # Frames carry Unix time, all else this machine's monotonic one: joined to the millisecond.
    ahead = wall_ms() * 1000 - monotonic_ns() // 1000
    for frame in frames:
        shown = [f"{'?' if one.pending else '>' if one.mine else '<'} {one.text}" for one in frame.messages]
        failures = f"; says {' / '.join(frame.failures)}" if frame.failures else ""
        yield (
            frame.at - ahead,
            "page",
            f"composer '{frame.composer}'; {' | '.join(shown) or 'no message'}{failures}",
        )


def _edge(events: Sequence[Event]) -> Iterator[tuple[int, str, str]]:
    for event in events:
        if event.kind in WORTH_TELLING:
            data = " ".join(f"{key}={value}" for key, value in event.data.items() if key != "hop")
            yield event.at, "edge", f"{event.kind} {data}".rstrip()
