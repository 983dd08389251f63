"""Which lanes a run has, and what stands in them: client, each edge, origin, model, page.

One lane for each actor; where two requests overlap, one more. Pure.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from firstbyte.harness.model.result import Run
from firstbyte.harness.model.timeline import Actor, Event, Kind
from firstbyte.harness.model.units import format_duration
from firstbyte.harness.model.verdict import ClientExchange, End
from firstbyte.harness.report.lane import Fill, Label, Lane
from firstbyte.harness.report.paint import Tone
from firstbyte.harness.report.words import short_time

type Column = Callable[[int], int]

_ENDING = {End.COMPLETE: "", End.TRUNCATED: "broken off", End.RESET: "reset", End.OPEN: "left"}
_GOOD_STATUS = range(200, 300)


class LaneWord(msgspec.Struct, frozen=True, kw_only=True):
    """How an event is shown. rank: what goes first when there is no room."""

    text: str
    rank: int
    tone: Tone = Tone.PLAIN


_EDGE_WORDS = {
    Kind.CONNECT_FAILED: LaneWord(text="no connection", rank=5, tone=Tone.BAD),
    Kind.RESENT: LaneWord(text="sent again", rank=5, tone=Tone.BAD),
    Kind.TIMER_FIRED: LaneWord(text="FIRED", rank=9, tone=Tone.BAD),
    Kind.CUT: LaneWord(text="cut", rank=5, tone=Tone.BAD),
    Kind.HELD: LaneWord(text="held", rank=2),
    Kind.MUTATED: LaneWord(text="changed", rank=2),
    Kind.CLIENT_LEFT: LaneWord(text="client left", rank=2),
}
_ORIGIN_WORDS = {
    Kind.ARRIVED: LaneWord(text="arrived", rank=6),
    Kind.PERSISTED: LaneWord(text="persisted", rank=8, tone=Tone.STRONG),
    Kind.FINISHED: LaneWord(text="finished", rank=7, tone=Tone.STRONG),
    Kind.FAILED: LaneWord(text="failed", rank=7, tone=Tone.BAD),
    Kind.ABORTED: LaneWord(text="aborted", rank=7, tone=Tone.DOUBTFUL),
    Kind.PARTIAL_SENT: LaneWord(text="half a header", rank=6, tone=Tone.DOUBTFUL),
    Kind.HEADER_SENT: LaneWord(text="sent", rank=2),
    Kind.KILLED: LaneWord(text="KILLED", rank=9, tone=Tone.BAD),
    Kind.RESTARTED: LaneWord(text="restarted", rank=6),
    Kind.HINDERED: LaneWord(text="hindered", rank=7, tone=Tone.DOUBTFUL),
    Kind.UNHINDERED: LaneWord(text="free again", rank=4, tone=Tone.DOUBTFUL),
}
_WORK_ENDS = (Kind.FINISHED, Kind.FAILED, Kind.ABORTED)


def lanes_of(run: Run, column: Column, deadlines: Sequence[int]) -> list[Lane]:
    """The lanes from the client to the model. column: the column of a moment."""
    numbers = len(run.exchanges) > 1
    lanes = [*_client(run, column, numbers=numbers)]
    lanes += _edges(run, column)
    lanes += _origin(run, column, deadlines, numbers=numbers)
    lanes += _model(run, column, deadlines)
    lanes.append(_page(run, column))
    return lanes


def _client(run: Run, column: Column, *, numbers: bool) -> list[Lane]:
    lanes: list[Lane] = []
    for track in _tracks(run.exchanges, lambda one: (one.sent_at, _end_of(run, one))):
        lane = Lane(name="" if lanes else "client", tone=Tone.CLIENT)
        for one in track:
            _draw_exchange(lane, run, one, column, prefix=f"#{one.id} " if numbers else "")
        lanes.append(lane)
    return lanes


def _end_of(run: Run, one: ClientExchange) -> int:
    if one.end_at is not None:
        return one.end_at
    left = run.timeline.of(Actor.CLIENT, Kind.LEFT, request=one.id)
    return left[0].at if left else max((event.at for event in run.timeline.events), default=one.sent_at)


def _draw_exchange(lane: Lane, run: Run, one: ClientExchange, column: Column, *, prefix: str) -> None:
    start, end = column(one.sent_at), column(_end_of(run, one))
    header = column(one.header_at) if one.header_at is not None else end
    lane.fills.append(Fill(start=start, stop=header, glyph="─", tone=Tone.CLIENT))
    lane.fills.append(Fill(start=header, stop=end, glyph="━", tone=Tone.CLIENT))
    lane.labels.append(_sent(one, start, prefix))
    for event in run.timeline.of(Actor.CLIENT, Kind.BODY, request=one.id):
        at = column(event.at)
        if at < end:
            lane.marks.append(Fill(start=at, stop=at + 1, glyph="•", tone=Tone.CLIENT))
    lane.labels += _before_header(run, one, column, header)
    if header + 1 < end and one.status is not None:
        lane.labels.append(Label(column=header, text=str(one.status), tone=_status_tone(one), rank=8))
        lane.labels.append(Label(column=end + 1, text=_ENDING[one.end] or "end", tone=_end_tone(one), rank=8))
    else:
        words, short = _outcome(one), "none" if one.status is None else str(one.status)
        lane.labels.append(Label(column=end + 1, text=words, tone=_status_tone(one), short=short, rank=9))


def _sent(one: ClientExchange, start: int, prefix: str) -> Label:
    operation = one.path.partition("?")[0].rstrip("/").rpartition("/")[2]
    text = f"{prefix}{one.method} {operation}".rstrip()
    return Label(column=start, text=text, short=f"{prefix}{one.method}", tone=Tone.CLIENT, rank=5)


def _before_header(run: Run, one: ClientExchange, column: Column, header: int) -> list[Label]:
    """First bytes of an incomplete header, and 1xx answers, when they are apart from the header."""
    labels = []
    lines = run.timeline.of(Actor.CLIENT, Kind.HEADER_LINE, request=one.id)
    interims = run.timeline.of(Actor.CLIENT, Kind.INTERIM, request=one.id)
    if lines and column(lines[0].at) + 1 < header:
        labels.append(_half_a_header(column(lines[0].at)))
    if interims and column(interims[0].at) + 1 < header:
        times = f" x{len(interims)}" if len(interims) > 1 else ""
        text = f"{interims[0].data.get('status', '1xx')}{times}"
        labels.append(Label(column=column(interims[0].at), text=text, tone=Tone.DOUBTFUL, rank=6))
    return labels


def _half_a_header(column: int) -> Label:
    return Label(column=column, text="half a header", tone=Tone.DOUBTFUL, short="partial", rank=6)


def _outcome(one: ClientExchange) -> str:
    if not one.connected:
        return "no connection"
    status = "" if one.status is None else str(one.status)
    return f"{status} {_ENDING[one.end]}".strip() or "no status"


def _status_tone(one: ClientExchange) -> Tone:
    return Tone.GOOD if one.status in _GOOD_STATUS and one.end is End.COMPLETE else Tone.BAD


def _end_tone(one: ClientExchange) -> Tone:
    return Tone.GOOD if one.end is End.COMPLETE else Tone.BAD


def _edges(run: Run, column: Column) -> list[Lane]:
    events = run.timeline.of(Actor.EDGE)
    hops = sorted({_hop(event) for event in events})
    lanes = []
    for hop in hops:
        lane = Lane(name="edge" if len(hops) == 1 else f"edge {hop + 1}", tone=Tone.EDGE)
        mine = [event for event in events if _hop(event) == hop]
        _draw_timers(lane, run, mine, column)
        lane.labels += _labels(mine, column, _EDGE_WORDS)
        _draw_origin_bytes(lane, run, mine, column)
        lanes.append(lane)
    return lanes


def _hop(event: Event) -> int:
    return int(event.data.get("hop", 0))


def _draw_timers(lane: Lane, run: Run, events: Sequence[Event], column: Column) -> None:
    """The timer that fired, else the one that ran longest, for each request."""
    last = max((event.at for event in run.timeline.events), default=0)
    for request in dict.fromkeys(event.request for event in events):
        armings = (one for one in events if one.kind is Kind.TIMER_ARMED and one.request == request)
        spans = [_span(one, events, last) for one in armings]
        if not spans:
            continue
        armed, until, _ = max(spans, key=lambda span: (span[2], span[1] - span[0].at))
        start, stop = column(armed.at), column(until)
        if start < stop or any(span[2] for span in spans):
            text = _timer_words(armed)
            lane.fills.append(Fill(start=start, stop=stop, glyph="╌", tone=Tone.EDGE))
            if all(label.text != text for label in lane.labels):
                lane.labels.append(Label(column=start, text=text, tone=Tone.EDGE, rank=4))


def _timer_words(armed: Event) -> str:
    limit = armed.data.get("limit_us")
    name = str(armed.data.get("timer", "timer"))
    return f"{name} {format_duration(limit)}" if isinstance(limit, int) else name


def _span(armed: Event, events: Sequence[Event], last: int) -> tuple[Event, int, bool]:
    """When the armed timer ended, and whether it fired."""
    for event in events:
        is_same = event.request == armed.request and event.data.get("timer") == armed.data.get("timer")
        if is_same and event.at >= armed.at and event.kind in (Kind.TIMER_FIRED, Kind.TIMER_STOPPED):
            return armed, event.at, event.kind is Kind.TIMER_FIRED
    return armed, last, False


def _draw_origin_bytes(lane: Lane, run: Run, events: Sequence[Event], column: Column) -> None:
    """What the edge had from the origin noticeably before the client had it."""
    for one in run.exchanges:
        mine = [event for event in events if event.request == one.id]
        header = next((event.at for event in mine if event.kind is Kind.HEADER_COMPLETED), None)
        partial = next((event.at for event in mine if event.kind is Kind.ORIGIN_READ), None)
        client = column(one.header_at if one.header_at is not None else _end_of(run, one))
        if partial is not None and (header is None or column(partial) + 1 < column(header)):
            lane.labels.append(_half_a_header(column(partial)))
        elif header is not None and column(header) + 1 < client:
            lane.labels.append(Label(column=column(header), text="header held", tone=Tone.DOUBTFUL, rank=6))


def _origin(run: Run, column: Column, deadlines: Sequence[int], *, numbers: bool) -> list[Lane]:
    events = run.timeline.of(Actor.ORIGIN)
    requests = [number for number in dict.fromkeys(event.request for event in events) if number]
    mine = {number: [event for event in events if event.request == number] for number in requests}
    lanes: list[Lane] = []
    for track in _tracks(requests, lambda number: (mine[number][0].at, mine[number][-1].at)):
        lane = Lane(name="" if lanes else "origin", tone=Tone.ORIGIN)
        for number in track:
            lane.labels += _labels(
                mine[number], column, _ORIGIN_WORDS, prefix=f"#{number} " if numbers else ""
            )
            _draw_work(lane, mine[number], column, deadlines)
        lanes.append(lane)
    unnumbered = [event for event in events if not event.request]
    if unnumbered:
        lanes = lanes or [Lane(name="origin", tone=Tone.ORIGIN)]
        lanes[0].labels += _labels(unnumbered, column, _ORIGIN_WORDS)
    return lanes


def _draw_work(lane: Lane, events: Sequence[Event], column: Column, deadlines: Sequence[int]) -> None:
    started = next((event.at for event in events if event.kind is Kind.STARTED), None)
    ended = next((event.at for event in reversed(events) if event.kind in _WORK_ENDS), None)
    if started is not None and ended is not None:
        lane.fills += _work(column(started), column(ended), column, deadlines, Tone.ORIGIN)


def _work(start: int, stop: int, column: Column, deadlines: Sequence[int], tone: Tone) -> list[Fill]:
    """Work, and in the tone of something wrong the part of it after a deadline."""
    cut = min((column(at) for at in deadlines if start <= column(at) < stop), default=stop)
    return [
        Fill(start=start, stop=cut, glyph="═", tone=tone),
        Fill(start=cut, stop=stop, glyph="═", tone=Tone.BAD),
    ]


def _model(run: Run, column: Column, deadlines: Sequence[int]) -> list[Lane]:
    calls = [(event, _call_end(run, event)) for event in run.timeline.of(Actor.MODEL, Kind.MODEL_CALLED)]
    lanes: list[Lane] = []
    for track in _tracks(calls, lambda call: (call[0].at, call[1])):
        lane = Lane(name="" if lanes else "model", tone=Tone.MODEL)
        for called, end in track:
            lane.fills += _work(column(called.at), column(end), column, deadlines, Tone.MODEL)
            text = short_time(end - called.at)
            lane.labels.append(Label(column=column(end) + 1, text=text, tone=Tone.MODEL, rank=3))
        lanes.append(lane)
    return lanes


def _call_end(run: Run, called: Event) -> int:
    """The end of the work the model was called for, or of the origin."""
    for event in run.timeline.of(Actor.ORIGIN, *_WORK_ENDS, Kind.KILLED):
        if event.at >= called.at and (event.kind is Kind.KILLED or event.request == called.request):
            return event.at
    return max(event.at for event in run.timeline.events)


def _page(run: Run, column: Column) -> Lane:
    labels = [
        Label(column=column(event.at), text=str(event.data.get("what", event.kind)))
        for event in run.timeline.of(Actor.PAGE)
    ]
    return Lane(name="page", tone=Tone.CLIENT, labels=labels)


def _labels(
    events: Iterable[Event], column: Column, words: dict[Kind, LaneWord], *, prefix: str = ""
) -> list[Label]:
    """A label for each event that has a word, once a column; the first one says the request's number."""
    found: dict[tuple[Kind, int], Label] = {}
    for event in events:
        word = words.get(event.kind)
        key = (event.kind, column(event.at))
        if word is not None and key not in found:
            words_of = _words_of(event, word)
            text = words_of if found else prefix + words_of
            # A deadline's own word stands right of its line.
            at = key[1] + 2 if event.kind is Kind.TIMER_FIRED else key[1]
            found[key] = Label(column=at, text=text, tone=word.tone, rank=word.rank)
    return list(found.values())


def _words_of(event: Event, word: LaneWord) -> str:
    if event.kind is Kind.HEADER_SENT and "status" in event.data:
        return f"{word.text} {event.data['status']}"
    return str(event.data.get("what", word.text)) if event.kind is Kind.HINDERED else word.text


def _tracks[T](items: Iterable[T], span: Callable[[T], tuple[int, int]]) -> list[list[T]]:
    """Items on as few tracks as there are, none of them overlapping another on its track."""
    tracks: list[list[T]] = []
    for item in sorted(items, key=lambda one: span(one)[0]):
        free = next((track for track in tracks if span(track[-1])[1] <= span(item)[0]), None)
        if free is None:
            tracks.append([item])
        else:
            free.append(item)
    return tracks
