"""The fast path: a whole, plain answer that came before every limit of an edge passes that edge.

No timer can fire then, and nothing is sent again, changed or broken off. So the prediction is known without
the state machine of `exchange`; only the margin has to be worked out. Where an answer or a profile is not
as simple as that, this module gives None. A test proves that both ways give the same prediction.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.profile import Framing, Point, Profile
from firstbyte.harness.model.recording import Received, Recording
from firstbyte.harness.model.verdict import End
from firstbyte.harness.predict.agenda import begins_before_upload_ends
from firstbyte.harness.predict.head import FINAL, NO_CONTENT, Head, is_plain_field
from firstbyte.harness.predict.prepared import PreparedProfile
from firstbyte.harness.predict.reading import Body, Ended, Header, OriginReader
from firstbyte.harness.predict.watched import WatchedTimers, is_slow_upload
from firstbyte.proxies.rules.message import has_no_body

type TimedPoint = tuple[Point, int]

#: Reads by the policies that a profile has by default. What another policy reads differently is not plain.
_BY_DEFAULT = Profile(id="", title="", timers=(), answers={})


class PlainAnswer(NamedTuple):
    """A whole answer that every edge passes on, unless one of its limits is shorter or it has a special rule.

    head_size: bytes, at most. points: what its bytes mean to timers, and when.
    """

    recording: Recording
    status: int
    head_size: int
    points: tuple[TimedPoint, ...]

    @property
    def completed_at(self) -> int:
        """When its last byte came in the recording."""
        return self.points[-1][1]


def read_plain(recording: Recording) -> PlainAnswer | None:
    """The answer of this recording, if it is plain."""
    answer = recording.answer
    is_sent_once = recording.is_taken and not recording.reused and recording.afresh is None
    is_sent_whole = len(recording.uploads) < 2 and not begins_before_upload_ends(recording, answer)
    if not (answer.parts and is_sent_once and is_sent_whole and recording.method != "CONNECT"):
        return None
    found = _read_parts(recording.method, answer.parts)
    if found is None or found[1][-1][1] > answer.finished_at:
        return None
    head, points = found
    size = b"".join(part.data for part in answer.parts).find(b"\r\n\r\n") + 4
    return PlainAnswer(recording, head.status, size, tuple(points)) if size > 4 else None


def _read_parts(method: str, parts: tuple[Received, ...]) -> tuple[Head, list[TimedPoint]] | None:
    reader = OriginReader(method, frozenset(), _BY_DEFAULT)
    points: list[TimedPoint] = [(Point.ORIGIN_READ, parts[0].at), (Point.FIRST_BYTE_READ, parts[0].at)]
    head = None
    for number, part in enumerate(parts):
        if number:
            points.append((Point.ORIGIN_READ, part.at))
        if part.at < points[-1][1]:
            return None
        for fact in reader.feed(part.data):
            match fact:
                case Header() if _is_plain(method, fact.head):
                    head = fact.head
                    points.append((Point.HEADER_COMPLETED, part.at))
                case Body():
                    points.append((Point.BODY_READ, part.at))
                case Ended() if head is not None:
                    points.append((Point.RESPONSE_COMPLETED, part.at))
                    return head, points
                case _:
                    return None
    return None


def _is_plain(method: str, head: Head) -> bool:
    """Whether every client reads this head in the same way, and its body ends before the connection does."""
    is_framed = head.framing is not Framing.CLOSE or has_no_body(method, head.status)
    codings = head.all(b"transfer-encoding")
    return (
        head.status >= FINAL
        and is_framed
        and all(coding.lower() == b"chunked" for coding in codings)
        and not (head.status == NO_CONTENT and head.announces_body)
        and is_plain_field(b"reason", head.reason)
        and all(is_plain_field(name, value) for name, value in head.fields)
    )


def passes_at(answer: PlainAnswer, prepared: PreparedProfile) -> int | None:
    """When the client of this edge has the whole answer; None when the state machine has to tell."""
    limit = prepared.shortest_limit
    at = answer.completed_at - answer.recording.sent_at + _sent_at(answer.recording, prepared)
    if (limit is not None and at >= limit) or answer.status in prepared.special_statuses:
        return None
    is_short = answer.head_size <= prepared.profile.max_answer_head
    return at if prepared.passes_plain and is_short else None


def predict_plain(answer: PlainAnswer, prepared: PreparedProfile) -> Prediction | None:
    """What the client of this edge gets; None when the state machine has to tell."""
    at = passes_at(answer, prepared)
    if at is None:
        return None
    recording = answer.recording
    timers = WatchedTimers(prepared.plan, is_slow_upload=is_slow_upload(recording))
    for point, now in _request_points(recording, prepared):
        timers.note(point, now)
    later = at - answer.completed_at
    for point, recorded_at in answer.points:
        timers.note(point, recorded_at + later)
    timers.stop(at)
    return Prediction(
        outcome=Outcome.PASSES, status=answer.status, end=End.COMPLETE, at=at, margin=timers.margin
    )


def _upload_ended_at(recording: Recording) -> int:
    return recording.uploads[-1].at if recording.uploads else 0


def _sent_at(recording: Recording, prepared: PreparedProfile) -> int:
    """When the edge has sent the whole request."""
    uploaded, connecting = _upload_ended_at(recording), recording.setup.connecting
    return uploaded + connecting if prepared.profile.buffer_request else max(uploaded, connecting)


def _request_points(recording: Recording, prepared: PreparedProfile) -> Iterator[TimedPoint]:
    """What the request means to timers, in the order in which it happens."""
    is_buffered = prepared.profile.buffer_request
    uploaded = _upload_ended_at(recording)
    connected = recording.setup.connecting + (uploaded if is_buffered else 0)
    upload = [(Point.REQUEST_READ, piece.at) for piece in recording.uploads]
    upload.append((Point.REQUEST_RECEIVED, uploaded))
    connect = [(Point.CONNECT_STARTED, uploaded if is_buffered else 0)]
    connection = [(Point.CONNECTED, connected)]
    yield Point.REQUEST_STARTED, 0
    if is_buffered:
        yield from (*upload, *connect, *connection)
    elif uploaded <= connected:
        yield from (*connect, *upload, *connection)
    else:
        yield from (*connect, *connection, *upload)
    yield Point.REQUEST_SENT, max(uploaded, connected)
