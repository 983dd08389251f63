"""Draws a recorded exchange for the terminal: a picture, the figures below it, then a line for each edge.

No line is wider than the terminal. What it says about edges comes from the predictions.
"""

from collections.abc import Iterator, Sequence

from firstbyte.harness.findings.catalogue import Level, load_finding
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.model.verdict import End
from firstbyte.harness.probe.edges import Judged
from firstbyte.harness.probe.examine import Examined
from firstbyte.harness.probe.words import answer_words, edge_words
from firstbyte.harness.report.axis import Axis
from firstbyte.harness.report.lane import Fill, Label, Lane, draw
from firstbyte.harness.report.paint import Line, Piece, Tone, cropped, line
from firstbyte.harness.report.plain import fold
from firstbyte.harness.report.words import short_time

NAMES = 9
_MARGIN = 14
_SHORTEST = 10_000
_MOST_LINES = 6
_TONES = {Outcome.PASSES: Tone.GOOD, Outcome.CUT: Tone.BAD, Outcome.UNKNOWN: Tone.DOUBTFUL}
_LEVELS = {Level.BUG: Tone.BAD, Level.RISK: Tone.DOUBTFUL, Level.NOTE: Tone.FAINT}
_ORDER = (Outcome.CUT, Outcome.UNKNOWN, Outcome.PASSES)


def lines_of(one: Examined, width: int) -> Iterator[Line]:
    """All lines about one exchange."""
    yield cropped(line(Piece(f"{one.recording.method} {one.url}", Tone.STRONG)), width)
    yield ()
    yield from picture(one, width)
    yield ()
    yield from figures(one, width)
    yield ()
    yield from edge_table(one.edges, width)
    yield ()
    yield from finding_lines(one.findings, width)


def picture(one: Examined, width: int) -> Iterator[Line]:
    """The axis, the lane of the request and the lane of the answer."""
    columns = width - NAMES
    axis = Axis(until=max(one.wire.end_at, _SHORTEST), columns=columns - _MARGIN)
    yield axis.row(name_width=NAMES, room=columns, deadlines=())
    for lane in (_request(one, axis), _answer(one, axis)):
        yield draw(lane, name_width=NAMES, columns=columns, walls=())


def _request(one: Examined, axis: Axis) -> Lane:
    recording = one.recording
    lane = Lane(name="request", tone=Tone.CLIENT)
    stop = axis.column(recording.sent_at)
    lane.fills.append(Fill(start=0, stop=stop, glyph="─", tone=Tone.CLIENT))
    operation = recording.path.partition("?")[0].rstrip("/").rpartition("/")[2]
    text = f"{recording.method} {operation}".rstrip()
    lane.labels.append(Label(column=0, text=text, short=recording.method, tone=Tone.CLIENT, rank=5))
    if recording.sent_at >= _SHORTEST:
        lane.labels.append(Label(column=stop, text="sent", rank=3))
    return lane


def _answer(one: Examined, axis: Axis) -> Lane:
    wire = one.wire
    lane = Lane(name="server", tone=Tone.ORIGIN)
    end = axis.column(wire.end_at)
    first = end if wire.first_byte is None else axis.column(wire.first_byte)
    header = end if wire.header is None else axis.column(wire.header)
    lane.fills.append(Fill(start=first, stop=header, glyph="╌", tone=Tone.DOUBTFUL))
    lane.fills.append(Fill(start=header, stop=end, glyph="━", tone=Tone.ORIGIN))
    marks = {axis.column(at) for at in wire.bodies}
    lane.marks += [
        Fill(start=at, stop=at + 1, glyph="•", tone=Tone.ORIGIN) for at in sorted(marks) if at < end
    ]
    if first < header and not wire.interims:
        lane.labels.append(
            Label(column=first, text="half a header", short="partial", tone=Tone.DOUBTFUL, rank=6)
        )
    if wire.interims and first < header:
        text = f"{wire.interims[0][1]}" + (f" x{len(wire.interims)}" if len(wire.interims) > 1 else "")
        lane.labels.append(Label(column=first, text=text, tone=Tone.DOUBTFUL, rank=6))
    if header < end and wire.status is not None:
        lane.labels.append(Label(column=header, text=str(wire.status), tone=_tone(one), rank=8))
        lane.labels.append(Label(column=end + 1, text=_ENDING[wire.end], tone=_tone(one), rank=8))
    else:
        lane.labels.append(Label(column=end + 1, text=answer_words(wire), tone=_tone(one), rank=9))
    return lane


_ENDING = {
    End.COMPLETE: "end",
    End.TRUNCATED: "broken off",
    End.RESET: "reset",
    End.OPEN: "still open",
}


def _tone(one: Examined) -> Tone:
    return Tone.GOOD if one.wire.end is End.COMPLETE else Tone.BAD


def figures(one: Examined, width: int) -> Iterator[Line]:
    """The times of the exchange, in one folded line."""
    wire, setup = one.wire, one.recording.setup
    before = (("DNS", setup.dns), ("connect", setup.connect), ("TLS", setup.tls))
    texts = [f"{name} {short(at)}" for name, at in before if at is not None]
    texts.append(f"request sent {short(one.recording.sent_at)}")
    texts.append(f"first byte {short(wire.first_byte)}")
    texts += [f"{status} at {short(at)}" for at, status in wire.interims[:_MOST_LINES]]
    texts += _header_lines(wire.header_lines)
    texts.append(f"header complete {short(wire.header)}")
    texts.append(f"first body byte {short(wire.first_body)}")
    texts.append(f"longest gap {short(wire.longest_gap)}")
    texts.append(f"end {short(wire.end_at)} ({wire.end}, {wire.body_bytes} bytes)")
    for text in fold(" · ".join(texts), width):
        yield line(Piece(text, Tone.FAINT))


def _header_lines(times: Sequence[int]) -> list[str]:
    shown = [f"header line {number} {short(at)}" for number, at in enumerate(times[:_MOST_LINES], start=1)]
    return [*shown, f"and {len(times) - _MOST_LINES} more lines"] if len(times) > _MOST_LINES else shown


def short(at: int | None) -> str:
    """'12ms', '3.0s', '-'."""
    return "-" if at is None else short_time(at)


def edge_table(edges: Sequence[Judged], width: int) -> Iterator[Line]:
    """A line for each edge: first those that cut, the soonest first; then by margin, the smallest first."""
    names = max((len(one.edge) for one in edges), default=0) + 2
    for one in sorted(edges, key=worst_first):
        outcome = one.prediction.outcome
        head = line(one.edge.ljust(names), Piece(str(outcome).ljust(9), _TONES[outcome]))
        first, *rest = fold(edge_words(one), width - names - 9) or [""]
        yield (*head, *line(first))
        yield from (line(" " * (names + 9), text) for text in rest)


def worst_first(one: Judged) -> tuple[int, float, str]:
    """The key to sort edges by."""
    prediction = one.prediction
    if prediction.outcome is Outcome.CUT:
        rank = float("inf") if prediction.at is None else as_seconds(prediction.at)
    else:
        rank = float("inf") if prediction.margin is None else as_seconds(prediction.margin)
    return _ORDER.index(prediction.outcome), rank, one.edge


def finding_lines(findings: Sequence[str], width: int) -> Iterator[Line]:
    """Each finding with its title and its first cure."""
    if not findings:
        yield line(Piece("nothing found", Tone.GOOD))
    for id_ in findings:
        text = load_finding(id_)
        yield cropped(line(Piece(id_, _LEVELS[text.level]), f"  {text.title}"), width)
        for cure in text.cures[:1]:
            for folded in fold(f"cure: {cure}", width - 2, indent="  "):
                yield line("  ", Piece(folded, Tone.FAINT))
    if findings:
        yield line(Piece(f"more: firstbyte explain {findings[0]}", Tone.FAINT))
