"""The settings of a load run: Locust's own custom arguments, or environment variables.

The master's go to every worker. So no file is read and no server asked: a worker does not know them yet.
"""

from argparse import Namespace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from benchmarks.load.tally import BAD
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import BadInput

REFERENCE = Path(__file__).with_name("reference.toml")
EDGE = "http://127.0.0.1:8524"
ORIGIN = "http://127.0.0.1:4096"


class Group(Protocol):
    """Where arguments are added; Locust's parser knows environment variables."""

    def add_argument(self, *names: str, **settings: Any) -> Any: ...


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """origin: where the server is asked, past the edge. resends: how often a retrying user sends again. ids:
    whether with the same message id. patience: how long a user waits for an answer. verdicts: file for the
    counts, '' = none.
    """

    origin: str
    adapter: Path
    resends: int
    same_ids: bool
    pause: Duration
    patience: Duration
    allowed: frozenset[Verdict]
    verdicts: str


def add_settings(group: Group) -> None:
    """All of them, each with its environment variable."""

    def add(name: str, default: object, about: str, **more: object) -> None:
        variable = f"FIRSTBYTE_{name.upper()}"
        group.add_argument(
            f"--{name}", env_var=variable, default=default, help=f"{about} (default: {default})", **more
        )

    add("origin", ORIGIN, "where the server is asked, past the edge; --host is the edge", metavar="URL")
    add("adapter", str(REFERENCE), "your own server's file, as for firstbyte run --target", metavar="FILE")
    again = "how often a RetryingSender sends again what it was told has failed"
    add("resends", 2, again, type=int, metavar="N")
    add("ids", "new", "the message id of what is sent again", choices=["new", "same"])
    add("pause", "1s", "a user's pause between two intents", metavar="DURATION")
    add("patience", "150s", "how long a user waits for an answer", metavar="DURATION")
    add("allow", "", f"verdicts that are no failure, or 'all': {', '.join(BAD)}", metavar="NAME,NAME")
    add("verdicts", "", "write counts, rates and examples as JSON", metavar="FILE")


def settings_of(options: Namespace) -> Settings:
    """What was given. Raises BadInput."""
    _check_url(options.origin)
    if options.resends < 0:
        raise BadInput(f"--resends: {options.resends} is less than 0")
    return Settings(
        origin=options.origin.rstrip("/"),
        adapter=Path(options.adapter),
        resends=options.resends,
        same_ids=options.ids == "same",
        pause=_duration("pause", options.pause),
        patience=_duration("patience", options.patience),
        allowed=_allowed(options.allow),
        verdicts=options.verdicts,
    )


def _check_url(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--origin: '{text}' is no http:// or https:// URL")
    if parts.path.strip("/") or parts.query:
        raise BadInput(f"--origin: '{text}': leave the path out; paths are in the adapter")


def _duration(name: str, text: str) -> Duration:
    try:
        return parse_duration(text)
    except BadDuration as error:
        raise BadInput(f"--{name}: {error}") from error


def _allowed(text: str) -> frozenset[Verdict]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return frozenset(BAD)
    unknown = [name for name in names if name not in BAD]
    if unknown:
        raise BadInput(f"--allow: '{unknown[0]}' is none of {', '.join(BAD)}, all")
    return frozenset(Verdict(name) for name in names)
