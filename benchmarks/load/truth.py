"""Asks the server, past the edge, what it has: once nothing has changed for as long as its file says.

One reading is not enough: a server may store something long after it has taken it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.targets.server_file import ServerFile, fill
from firstbyte.harness.targets.server_talk import read_messages

type Read = Callable[[str], bytes]
"""A path of the server -> its answer's body. Raises SetupFailed."""
LONGEST = seconds(120)
READINGS = 4
"""How often within the quiet time."""


class Watch(NamedTuple):
    """How time is read and spent: gevent's way in a load run, in virtual time in a test."""

    now: Callable[[], float]
    rest: Callable[[float], object]


def held_texts(
    file: ServerFile, sessions: Iterable[str], read: Read, watch: Watch, longest: Duration = LONGEST
) -> list[str]:
    """The text of every message of a user, as often as the server has it. Raises SetupFailed when the server
    can't be asked, or does not come to rest.
    """
    paths = [fill(file.truth.path, {"session": session}, is_path=True) for session in sessions]
    paths = list(dict.fromkeys(paths))
    quiet = file.truth.quiet / 1e6
    before, since, began = b"", watch.now(), watch.now()
    while True:
        bodies = [read(path) for path in paths]
        seen = hashlib.sha256(b"\0".join(bodies)).digest()
        if seen != before:
            before, since = seen, watch.now()
        elif watch.now() - since >= quiet:
            return [
                text for path, body in zip(paths, bodies, strict=True) for text in _texts(file, path, body)
            ]
        if watch.now() - began > longest / 1e6:
            raise SetupFailed(
                f"{file.name}: {paths[0]} changes all the time, so what the server has can't be told: "
                "stop what else writes to it, or name a quieter truth.path"
            )
        watch.rest(max(quiet / READINGS, 0.01))


def _texts(file: ServerFile, path: str, body: bytes) -> list[str]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise SetupFailed(f"truth.path: GET {path} gave no JSON: {error}") from error
    return [one.text for one in read_messages(document, file.truth) if one.is_mine]
