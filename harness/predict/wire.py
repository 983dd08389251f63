"""Reads a recording as HTTP: when its first byte, header lines, header, body and end were there.

Our own client's reader does the work.
"""

from itertools import pairwise

from firstbyte.harness.client.reading import AnswerReader, Sight, Sighting
from firstbyte.harness.model.recording import Finish, Recording, WireSeen
from firstbyte.harness.model.verdict import End


def read_wire(recording: Recording) -> WireSeen:
    """What the recording shows."""
    return _Reading(recording).seen()


class _Reading:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._reader = AnswerReader(recording.method)
        self._lines: dict[int, int] = {}
        self._interims: list[tuple[int, int]] = []
        self._bodies: list[int] = []
        self._first_byte: int | None = None
        self._header: int | None = None
        self._end: tuple[int, End] | None = None
        self._after_end = False

    def seen(self) -> WireSeen:
        answer = self._recording.answer
        for part in answer.parts:
            self._feed(part.data, part.at)
        if self._end is None:
            self._close()
        end_at, end = self._end or (answer.finished_at, End.OPEN)
        reader = self._reader
        return WireSeen(
            status=reader.status,
            first_byte=self._first_byte,
            header=self._header,
            first_body=self._bodies[0] if self._bodies else None,
            longest_gap=self._longest_gap(end_at),
            end_at=end_at,
            end=end,
            header_lines=tuple(self._lines[count] for count in sorted(self._lines)),
            interims=tuple(self._interims),
            bodies=tuple(self._bodies),
            body_bytes=reader.body_bytes,
            body=bytes(reader.body),
            headers=reader.headers,
            framing=_framing(self._recording.method, reader),
            stray_bytes=self._after_end or not reader.framing_ok,
        )

    def _feed(self, data: bytes, at: int) -> None:
        if self._end is not None:
            self._after_end = True
            return
        for sighting in self._reader.feed(data):
            self._see(sighting, at)

    def _see(self, sighting: Sighting, at: int) -> None:
        match sighting.sight:
            case Sight.FIRST_BYTE:
                self._first_byte = at
            case Sight.HEADER_LINE:
                for line in range(len(self._lines), sighting.value):
                    self._lines[line] = at
            case Sight.INTERIM:
                self._interims.append((at, sighting.value))
            case Sight.HEADER:
                self._header = at
            case Sight.BODY:
                self._bodies.append(at)
            case Sight.COMPLETE:
                self._end = (at, End.COMPLETE)
            case Sight.TRUNCATED | Sight.GARBAGE:
                self._end = (at, End.TRUNCATED)

    def _close(self) -> None:
        answer = self._recording.answer
        if answer.finish is Finish.RESET:
            self._end = (answer.finished_at, End.RESET)
        elif answer.finish is Finish.FIN:
            self._feed(b"", answer.finished_at)
            self._after_end = False
            self._end = self._end or (answer.finished_at, End.TRUNCATED)

    def _longest_gap(self, end_at: int) -> int:
        times = [self._recording.sent_at, *(part.at for part in self._recording.answer.parts), end_at]
        ordered = sorted(at for at in times if at <= end_at)
        return max((later - earlier for earlier, later in pairwise(ordered)), default=0)


def _framing(method: str, reader: AnswerReader) -> str:
    names = {name.lower(): value for name, value in reader.headers}
    if reader.status is None or method == "HEAD" or reader.status in (204, 304):
        return ""
    if "chunked" in names.get("transfer-encoding", "").lower():
        return "chunked"
    return "length" if "content-length" in names else "close"
