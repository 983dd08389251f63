"""One run as a picture for the terminal: a lane for each witness, time to the right, deadlines as lines.

The point to see at a glance: the client's line ends at the deadline, the origin's goes on. It must never
judge: the verdict under the picture is the judge's.
"""

from firstbyte.harness import redact
from firstbyte.harness.model.result import Run
from firstbyte.harness.model.timeline import Actor, Kind
from firstbyte.harness.model.verdict import MEANING
from firstbyte.harness.report.axis import Axis
from firstbyte.harness.report.lane import draw
from firstbyte.harness.report.lanes import lanes_of
from firstbyte.harness.report.paint import Line, Palette, Piece, Tone, cropped, line, paint
from firstbyte.harness.report.plain import fold, visible
from firstbyte.harness.report.terminal import NARROWEST, WIDEST
from firstbyte.harness.report.words import belief_tone, format_client_result, server_has, verdict_tone

_NAMES = 9
_MARGIN = 12
"""Cells right of the last moment, for the word that says what happened then."""
_SHORTEST = 10_000
"""Microseconds: a picture of less would show the machine's noise."""
_MOST_WALLS = 3


def render(run: Run, width: int, colour: bool) -> str:
    """The picture and what it comes to, no line wider than `width` (60 to 200) cells."""
    return paint(picture(run, width), Palette.COLOUR if colour else Palette.PLAIN)


def lanes(run: Run, width: int) -> str:
    """The axis and the lanes alone, without colour: of a run that nobody judged, too."""
    return paint(_lanes(run, min(max(width, NARROWEST), WIDEST)), Palette.PLAIN)


def picture(run: Run, width: int) -> list[Line]:
    """The same as lines: the axis, the lanes, what the client was told and what the server has."""
    room = min(max(width, NARROWEST), WIDEST)
    if run.judgement is None:
        return [
            line(Piece(text, Tone.DOUBTFUL))
            for text in fold(visible(redact.text(run.problem or "nothing was seen")), room)
        ]
    return [*_lanes(run, room), *_sums(run, room)]


def _lanes(run: Run, width: int) -> list[Line]:
    columns = width - _NAMES
    axis = Axis(until=max(_until(run), _SHORTEST), columns=columns - _MARGIN)
    deadlines = _deadlines(run)
    walls = sorted({axis.column(at) for at in deadlines})
    drawn = [
        draw(lane, name_width=_NAMES, columns=columns, walls=walls)
        for lane in lanes_of(run, axis.column, deadlines)
        if not lane.is_empty
    ]
    return [axis.row(name_width=_NAMES, room=columns, deadlines=deadlines), *drawn]


def _until(run: Run) -> int:
    times = [event.at for event in run.timeline.events]
    times += [at for one in run.exchanges for at in (one.sent_at, one.end_at) if at is not None]
    return max(times, default=0)


def _deadlines(run: Run) -> list[int]:
    """When limits fired; with many of them only those of the judged request."""
    fired = run.timeline.of(Actor.EDGE, Kind.TIMER_FIRED)
    times = sorted({event.at for event in fired})
    if len(times) > _MOST_WALLS and run.judgement is not None:
        judged = run.judgement.exchange.id
        times = sorted({event.at for event in fired if event.request == judged})[-_MOST_WALLS:]
    return times


def _sums(run: Run, width: int) -> list[Line]:
    judged = run.judgement
    if judged is None:
        return []
    verdict = (
        Piece(str(judged.verdict), verdict_tone(judged.verdict)),
        Piece(f": {MEANING[judged.verdict]}"),
    )
    rows = (
        line("told".ljust(_NAMES), Piece(format_client_result(judged), belief_tone(judged.belief))),
        line("ledger".ljust(_NAMES), Piece(server_has(run), Tone.STRONG)),
        line("verdict".ljust(_NAMES), *verdict),
    )
    return [cropped(row, width) for row in rows]
