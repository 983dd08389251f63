"""Removes secrets from what is shown or written: header values, cookies, tokens, passwords in addresses.

Reports are pasted into public issues, so every report must come through here. The running time must be linear
in the length of the text, because clients choose the text. Pure, except for the names that `configure` adds.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[redacted]"

# Names may have a prefix and a suffix: x-api-key, session_token_id, AWS_SECRET_ACCESS_KEY.
_IS_SECRET_NAME = re.compile(
    r"(?:proxy-)?authorization|set-cookie2?|cookie|[\w-]*(?:api|access|private|signing)[-_]?key[\w-]*"
    r"|[\w-]*(?:secret|password|passwd|credential)[\w-]*|x-amz-signature|x-auth[\w-]*"
    r"|[\w-]*(?:auth|access|refresh|bearer|session|security|csrf|xsrf|id)[-_]token|token",
    re.IGNORECASE,
)
# In a header line the value is the rest of the line; elsewhere it is one word or one quoted string.
_REST_OF_LINE = r"(\s*:\s*)[^\r\n\"']+"
_HEADER_LINE = re.compile(rf"(?i)\b((?:proxy-)?authorization|set-cookie2?|cookie){_REST_OF_LINE}")
# A comma is between the two of a pair as Python and JSON write it: ("Cookie", "sid=1").
_BETWEEN = r"([\"']?\s*(?:[:=]|,(?=\s*b?[\"']))\s*(?:b(?=[\"']))?)"
# Possessive, so that it doesn't backtrack: a client may send 64 KiB of "secretsecretsecret".
_NAMED = re.compile(rf"(?<![\w-])([\w-]++){_BETWEEN}")
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"'&,;}\]\[]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_KNOWN_KEY = re.compile(
    r"\b(?:(?:[spr]k|xox[abpr]|glpat)-[-\w.]{12,}|(?:[spr]k|gh[opsur]|github_pat|whsec)_\w{12,}"
    r"|(?:hf|npm)_[A-Za-z0-9]{20,}|A[KS]IA[A-Z0-9]{12,}|AIza[-\w]{20,}|eyJ[-\w.]{12,})"
)
# An address that was taken for a path has only one slash left.
_ADDRESS = re.compile(r"(:/{1,2})[^\s/?#]*@")
# Checked first, because nearly no text matches.
_HINT = re.compile(
    r"(?i)authoriz|cookie|key|secret|passw|credential|token|x-a|bearer|basic|:/|[sprg][khp]|gh._|xox|glpat|hf_"
    r"|npm_|AKIA|ASIA|AIza|eyJ"
)


VARIABLE = "FIRSTBYTE_REDACT"
"""The environment variable with additional names, separated by commas."""


class _Also:
    """The configured names, and the patterns that find their values."""

    names: frozenset[str] = frozenset()
    line: re.Pattern[str] | None = None
    named: re.Pattern[str] | None = None


def also(names: str) -> None:
    """Hide the values of these names, too. They are separated by commas."""
    _Also.names = frozenset(name.strip().lower() for name in names.split(",") if name.strip())
    either = "|".join(re.escape(name) for name in sorted(_Also.names, key=len, reverse=True))
    _Also.line = re.compile(rf"(?im)^({either}){_REST_OF_LINE}") if either else None
    _Also.named = re.compile(rf"(?i)(?<![\w-])({either}){_BETWEEN}") if either else None


def configure(environment: Mapping[str, str]) -> None:
    """Hide the names in VARIABLE. Every process that shows or writes anything calls this at its start."""
    also(environment.get(VARIABLE, ""))


def is_secret(name: str) -> bool:
    """Whether the value of a header, field or variable of this name must not be shown."""
    plain = name.strip()
    return _IS_SECRET_NAME.fullmatch(plain) is not None or plain.lower() in _Also.names


def header(name: str, value: str) -> str:
    """Return the value of a header as it may be shown."""
    return MASK if is_secret(name) else text(value)


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return headers as they may be shown."""
    return tuple((name, header(name, value)) for name, value in pairs)


def text(value: str) -> str:
    """Return a text, a body or an address without the secrets that can be recognised in it."""
    if _Also.line is not None and _Also.named is not None:
        value = _Also.line.sub(rf"\1\2{MASK}", value)
        value = _without_values(value, _Also.named)
    if not _HINT.search(value):
        return value
    value = _HEADER_LINE.sub(rf"\1\2{MASK}", value)
    value = _without_values(value, _NAMED)
    value = _BEARER.sub(rf"\1 {MASK}", value)
    value = _KNOWN_KEY.sub(MASK, value)
    return _ADDRESS.sub(rf"\1{MASK}@", value)


def data(value: bytes) -> bytes:
    """Return bytes without secrets. They are decoded as UTF-8 or else as Latin-1."""
    try:
        found = value.decode()
    except UnicodeDecodeError:
        return text(value.decode("latin-1")).encode("latin-1")
    return text(found).encode()


def record(value: Any) -> Any:
    """Return a document of plain types with all texts redacted. A secret name hides its whole value."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        if is_secret(str(value.get("name", ""))) and isinstance(value.get("value"), str):
            return {**value, "value": MASK}  # a header or cookie as HAR and test reports list them
        return {key: _entry(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(isinstance(one, str) for one in value) and is_secret(value[0]):
            return [value[0], MASK]
        return [record(one) for one in value]
    return value


def _entry(key: object, inner: object) -> Any:
    if not isinstance(key, str) or not isinstance(inner, str | list):
        return record(inner)
    if is_secret(key):
        return MASK
    if key == "cookies" and isinstance(inner, list):  # each has a name of its own in HAR
        return [{**one, "value": MASK} if isinstance(one, Mapping) else MASK for one in inner]
    return record(inner)


def _without_values(value: str, named: re.Pattern[str]) -> str:
    parts = []
    done = 0
    for name in named.finditer(value):
        if name.start() < done or not is_secret(name[1]):
            continue
        found = _VALUE.match(value, name.end())
        if found is None or found[0] == MASK:
            continue
        quote = found[0][0] if found[0][0] in "\"'" else ""
        parts += [value[done : found.start()], f"{quote}{MASK}{quote}"]
        done = found.end()
    return "".join([*parts, value[done:]])
