"""Works out all that can be said about one recording: the wire, each edge, the findings."""

from collections.abc import Sequence

import msgspec

from firstbyte.harness.findings.on_a_recording import Recorded, find_recorded
from firstbyte.harness.model.prediction import Outcome
from firstbyte.harness.model.recording import Recording, WireSeen
from firstbyte.harness.predict import read_wire
from firstbyte.harness.probe.edges import Judged, judge_recording, profiles_of


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A recording and what was worked out from it. url: without secrets."""

    url: str
    recording: Recording
    wire: WireSeen
    edges: tuple[Judged, ...]
    findings: tuple[str, ...]

    @property
    def cut_by(self) -> tuple[str, ...]:
        """The edges that would not pass the answer on whole."""
        return tuple(one.edge for one in self.edges if one.prediction.outcome is Outcome.CUT)


def examine(url: str, recording: Recording, edges: Sequence[str]) -> Examined:
    """Put the recording through the edges, and look for findings."""
    return conclude(url, recording, judge_recording(recording, edges))


def conclude(url: str, recording: Recording, judged: tuple[Judged, ...]) -> Examined:
    """Do the same with predictions that have been made already."""
    wire = read_wire(recording)
    names = [one.edge for one in judged]
    recorded = Recorded(
        wire=wire, predictions=[one.prediction for one in judged], profiles=profiles_of(names)
    )
    return Examined(url=url, recording=recording, wire=wire, edges=judged, findings=find_recorded(recorded))
