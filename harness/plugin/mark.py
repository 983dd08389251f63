"""The mark `firstbyte`: what it says, and whether a test that has it went through the edge it names.

A mark that is not understood is an error when the test is collected, and a marked test that played no
exchange through the edge in its id is an error after it: neither must ever pass.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from firstbyte.harness.model.verdict import BeliefRule
from firstbyte.harness.plugin.rounds import faults_of
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.proxies.rules.orders import Action

ONE_EDGE = (
    "a test of unittest, or one that asks for its edge with getfixturevalue, can't be run once for each; "
    "name one edge with --firstbyte-edge, or write it as a function that takes `edge` or `sim`"
)


class Marked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mark. requests: those that get faults, 'METHOD PATH' with * and ?. truth: a fixture that knows what
    the server has. within: seconds for the truth to settle.
    """

    faults: tuple[Action, ...] = ()
    requests: str = "*"
    truth: str = ""
    belief: BeliefRule = BeliefRule.STATUS
    within: float = 1.0


NAMES = tuple(field.name for field in msgspec.structs.fields(Marked))


def read_mark(words: tuple[object, ...], keywords: Mapping[str, object]) -> Marked:
    """Read the arguments of the mark. Raises BadInput with the cure."""
    if words:
        first = ", ".join(map(repr, words))
        raise BadInput(
            f"the mark `firstbyte` takes keywords only, and was given {first}; write faults={first}"
        )
    for name in keywords:
        if name in ("edge", "edges", "profile"):
            raise BadInput(
                f"the mark `firstbyte` takes no '{name}'; name edges with --firstbyte-edge, or in "
                'pyproject.toml: [tool.firstbyte] edges = ["nginx"]'
            )
        if name not in NAMES:
            raise BadInput(f"the mark `firstbyte` takes no '{name}'{did_you_mean(name, NAMES)}")
    if "faults" not in keywords:
        for name in keywords:
            raise BadInput(
                f"the mark `firstbyte`: '{name}' is of rounds with faults; write faults=\"all\" too"
            )
        return Marked()
    try:
        return msgspec.convert({**keywords, "faults": faults_of(keywords["faults"])}, Marked, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"the mark `firstbyte`: {error}; it takes {', '.join(NAMES)}") from error


class PlayedEdge(Protocol):
    """An edge, as a process or in a simulation."""

    profile: str

    def has_played(self) -> bool: ...


class MarkedTest:
    """The edges of one marked test. profile: the edge that its id names."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self._edges: list[PlayedEdge] = []

    def __repr__(self) -> str:
        return f"<MarkedTest behind {self.profile}, {len(self._edges)} edges>"

    def joined(self, edge: PlayedEdge) -> None:
        """Register an edge that the test has made."""
        self._edges.append(edge)

    def missing(self) -> str:
        """Why the test has shown nothing of its edge; '' = it has played an exchange through it."""
        return missing(self.profile, [edge.profile for edge in self._edges if edge.has_played()])


def missing(profile: str, played: Sequence[str]) -> str:
    """Why a test that should run behind `profile` has shown nothing of it; '' = it has.

    played: the edges through which a request has come.
    """
    if profile in played:
        return ""
    if not played:
        return (
            "it is marked `firstbyte`, and no request of it has come through an edge: it has tested nothing. "
            "Make the edge with the `edge` or `sim` fixture, and let the test's client use its URL"
        )
    return (
        f"it should run behind {profile}, and has played behind {', '.join(sorted(set(played)))} only; "
        "leave the profile out where it makes its edge, or take the mark off"
    )


def edge_of(names: Sequence[str]) -> str:
    """The edge of a marked test that pytest can't run once for each. Raises BadInput with the cure."""
    if len(names) > 1:
        raise BadInput(f"it is marked `firstbyte` and should run behind {', '.join(names)}; {ONE_EDGE}")
    return names[0]
