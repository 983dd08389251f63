"""The rounds of a test: one without a fault, then one for each request and each fault that fits it.

Pure: the same seed and the same requests give the same rounds.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from zlib import crc32

import msgspec

from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.proxies.rules.orders import FAULTS, Action, Seen

NAMES = tuple(str(fault) for fault in FAULTS)
UPGRADE = 101


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One fault on one request. edge: its place among the edges the test makes, from 1; request: on it."""

    edge: int
    request: int
    fault: Action

    def __str__(self) -> str:
        """As `--firstbyte-fault` takes it: `2:cut-body`, or `2.1:cut-body` on the second edge."""
        where = f"{self.request}" if self.edge == 1 else f"{self.edge}.{self.request}"
        return f"{where}:{self.fault}"


def target_of(text: str) -> Target:
    """Read REQUEST:FAULT or EDGE.REQUEST:FAULT. Raises BadInput with the cure."""
    where, _, fault = text.partition(":")
    edge, _, request = where.rpartition(".")
    if not request.isdecimal() or not (edge or "1").isdecimal() or 0 in (int(request), int(edge or "1")):
        raise BadInput(f"--firstbyte-fault: '{text}' is not REQUEST:FAULT; write 1:cut-body, say")
    return Target(edge=int(edge or "1"), request=int(request), fault=_fault(fault, "--firstbyte-fault"))


def faults_of(value: object) -> tuple[Action, ...]:
    """Read the mark's `faults`: "all", one, or several. Raises BadInput with the cure."""
    if value == "all":
        return FAULTS
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise BadInput(f'faults={value!r}: write "all", or some of {", ".join(NAMES)}')
    return tuple(_fault(str(name).strip(), "faults") for name in names)


def _fault(name: str, where: str) -> Action:
    if name not in NAMES:
        raise BadInput(f"{where}: no fault '{name}'{did_you_mean(name, NAMES)}; there are {', '.join(NAMES)}")
    return Action(name)


def targets(
    edges: Sequence[Sequence[Seen]], faults: Sequence[Action], pattern: str = "*"
) -> Iterator[Target]:
    """The rounds with a fault, in the order in which the requests came.

    pattern: which requests get faults, such as 'POST *'; the path is taken without its query.
    """
    for edge, requests in enumerate(edges, 1):
        for seen in requests:
            if fnmatchcase(f"{seen.method} {seen.path.partition('?')[0]}", pattern):
                yield from (
                    Target(edge=edge, request=seen.id, fault=fault) for fault in faults if fits(fault, seen)
                )


def fits(fault: Action, seen: Seen) -> bool:
    """Whether a fault can happen to it: it needs the server's answer, and a body if that is to be cut."""
    if seen.status == 0 or seen.answer or seen.end != "complete":
        return False
    if fault is Action.CUT_BODY:
        return seen.body_bytes > 0
    return fault is Action.CUT_HEADER or seen.status != UPGRADE


def bytes_before(target: Target, body_bytes: int, seed: int) -> int:
    """Where to cut the body: the bytes to pass on, fewer than it has."""
    share = crc32(f"{seed} {target}".encode()) / 2**32
    return int(share * body_bytes)
