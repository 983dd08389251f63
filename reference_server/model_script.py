"""Reads the scripted model from a TOML file.

    [[turn]]                  # the first prompt
    delay = "130s"            # silence before the first token; default 0s
    gap = "50ms"              # between tokens; default 0s
    text = "Hello there."     # default: Hello from the fake model.

    [[turn]]                  # the second prompt and all later ones
    failure = "error"         # "error" or "hang"
    after_tokens = 2          # default 0: before the first token
    message = "overloaded"    # what the error says

Unknown keys are errors: a typo would silently change an experiment.
"""

import tomllib
from pathlib import Path
from typing import Final

from firstbyte.reference_server.config import (
    ModelFailure,
    ModelHangs,
    ModelScript,
    ProviderError,
    Seconds,
    Turn,
)
from firstbyte.reference_server.durations import duration

_KEYS: Final = frozenset({"delay", "gap", "text", "failure", "after_tokens", "message"})


class BadScript(ValueError):
    """The script can't be used. The message names the file, the key and what to write."""


def read_script(path: Path) -> ModelScript:
    """Reads the script in `path`. Raises BadScript."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadScript(f"{path}: can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadScript(f"{path}: is not TOML: {error}") from None
    turns = document.get("turn")
    if set(document) != {"turn"} or not isinstance(turns, list) or not turns:
        raise BadScript(f"{path}: expected one or more [[turn]] tables and nothing else")
    return ModelScript(
        turns=tuple(_turn(f"{path}: turn[{number}]", turn) for number, turn in enumerate(turns))
    )


def _turn(where: str, table: dict[str, object]) -> Turn:
    if unknown := sorted(set(table) - _KEYS):
        raise BadScript(f"{where}.{unknown[0]}: unknown key; known are {', '.join(sorted(_KEYS))}")
    return Turn(
        delay=_duration(where, table, "delay"),
        gap=_duration(where, table, "gap"),
        text=_text(where, table, "text", Turn().text),
        failure=_failure(where, table),
    )


def _duration(where: str, table: dict[str, object], key: str) -> Seconds:
    try:
        return duration(_text(where, table, key, "0s"))
    except ValueError as error:
        raise BadScript(f"{where}.{key}: {error}") from None


def _text(where: str, table: dict[str, object], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise BadScript(f"{where}.{key}: expected a string in quotes, got {value!r}")
    return value


def _failure(where: str, table: dict[str, object]) -> ModelFailure | None:
    after = table.get("after_tokens", 0)
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise BadScript(f"{where}.after_tokens: expected a whole number from 0, got {after!r}")
    match table.get("failure"):
        case None:
            return None
        case "error":
            return ProviderError(
                after_tokens=after, message=_text(where, table, "message", ProviderError().message)
            )
        case "hang":
            return ModelHangs(after_tokens=after)
        case other:
            raise BadScript(f'{where}.failure: expected "error" or "hang", got {other!r}')
