"""What is fuzzed, by name: of each source of choices an input is made, and those that went wrong are told."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from firstbyte.harness.model.recording import Answered, Finish, Received, Recording
from firstbyte.harness.probe.examine import examine
from tests.fuzz.documents import DOCUMENTS, misread
from tests.fuzz.field import Play, faults
from tests.fuzz.mutate import Source
from tests.fuzz.seeds import client_play, fuzzed_profile, http2_play, origin_play, stream_play

type Wrong = list[tuple[object, str]]
type Kind = Callable[[Iterable[Source]], Wrong]

PIECE = 10_000
"""Microseconds between two pieces of what an origin sends: as in a play."""


def through_an_edge(play: Callable[[Source], Play], sources: Iterable[Source]) -> Wrong:
    """Played between a client and an origin."""
    return list(faults(map(play, sources), fuzzed_profile()))


def as_a_stream(sources: Iterable[Source]) -> Wrong:
    """An event stream through an edge, and as a probe records it."""
    plays = [stream_play(source) for source in sources]
    return [*faults(plays, fuzzed_profile()), *_unexamined(plays)]


def _unexamined(plays: Iterable[Play]) -> Iterator[tuple[object, str]]:
    for play in plays:
        try:
            examine("http://a/", _recording(play), ["nginx", "varnish"])
        except Exception as error:  # noqa: BLE001 - the subject
            yield play, f"{type(error).__name__}: {error}"


def _recording(play: Play) -> Recording:
    parts = tuple(Received(at=PIECE * at, data=piece) for at, piece in enumerate(play.origin, 1))
    finish = {"fin": Finish.FIN, "rst": Finish.RESET}.get(play.origin_end, Finish.OPEN)
    answer = Answered(parts=parts, finish=finish, finished_at=PIECE * (len(parts) + 1))
    return Recording(method="GET", path="/", answer=answer)


KINDS: dict[str, Kind] = {
    "origin": partial(through_an_edge, origin_play),
    "client": partial(through_an_edge, client_play),
    "http2": partial(through_an_edge, http2_play),
    "sse": as_a_stream,
    **{kind: partial(misread, kind) for kind in DOCUMENTS},
}
