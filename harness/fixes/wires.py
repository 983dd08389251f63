"""Each fix as a wire shape, for products that are processes: the bytes and times its handler would give.

Pure. A test holds the shapes against the handlers: behind every emulated edge both come to the same result.
"""

from firstbyte.harness.fixes.catalogue import BASELINE, Fix
from firstbyte.harness.model.shape import Chunk, End, Head, Interim, Shape, Step, Wait, WaitRequest
from firstbyte.harness.model.units import Duration

_JSON = '{"ok": true}'
_CHUNKED = ("Transfer-Encoding", "chunked")


def wire_of(fix: Fix, work: Duration, heartbeat: Duration) -> Shape:
    """What the origin puts on the wire when the work takes so long, with a sign of life that often."""
    steps = _steps(fix, work, heartbeat)
    return Shape(id=fix.id, title=fix.title, steps=(WaitRequest(), *steps, End()))


def _steps(fix: Fix, work: Duration, heartbeat: Duration) -> tuple[Step, ...]:
    beats = max(1, work // heartbeat)
    rest = Wait(duration=Duration(work - (beats - 1) * heartbeat))
    match fix.id:
        case BASELINE.id:
            return (Wait(duration=work), *_complete(200))
        case "atomic-204":
            return (Head(status=204, reason="No Content"),)
        case "accepted-202":
            return _complete(202)
        case "early-header":
            return (_stream("application/json"), Wait(duration=work), Chunk(text=_JSON))
        case "whitespace-heartbeat":
            space = Chunk(text=" ", times=beats, every=heartbeat)
            return (_stream("application/json"), space, rest, Chunk(text=_JSON))
        case "sse-comment":
            comment = Chunk(text=": beat\n\n", times=beats, every=heartbeat)
            return (_stream("text/event-stream"), comment, rest, Chunk(text=f"data: {_JSON}\n\n"))
        case "interim-102" | "interim-103":
            interim = Interim(status=int(fix.id[-3:]), times=beats, every=heartbeat)
            return (interim, rest, Head(status=204, reason="No Content"))
        case _:
            raise KeyError(f"no wire shape for the fix {fix.id}")


def _stream(kind: str) -> Head:
    return Head(status=200, headers=(("Content-Type", kind), _CHUNKED))


def _complete(status: int) -> tuple[Step, ...]:
    length = ("Content-Length", str(len(_JSON)))
    return (
        Head(status=status, headers=(("Content-Type", "application/json"), length)),
        Chunk(text=_JSON),
    )
