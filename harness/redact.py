"""Takes secrets out of what is shown or written: header values, cookies, tokens, passwords in an address.

Reports are pasted into public issues. Pure, but for the names that `also` adds once at the start. It must
never be the caller's choice: every report comes through here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[redacted]"

# The word may have a prefix and a suffix: x-api-key, session_token_id, AWS_SECRET_ACCESS_KEY.
_NAME = (
    r"(?:proxy-)?authorization|set-cookie2?|cookie|[\w-]*(?:api|access|private|signing)[-_]?key[\w-]*"
    r"|[\w-]*(?:secret|password|passwd|credential)[\w-]*|[\w-]*(?:auth|access|refresh|bearer|session|csrf|id)[-_]token"
    r"|token|x-auth[\w-]*"
)
_IS_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# In a header line the value is the rest of the line; elsewhere it is one word or one quoted string.
_HEADER_LINE = re.compile(r"(?im)\b((?:proxy-)?authorization|set-cookie2?|cookie)(\s*:\s*)[^\r\n\"']+")
_VALUE = r"([\"']?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"'&,;}\]\[]+)"
_PAIR = re.compile(rf"(?i)(?<![\w-])({_NAME}){_VALUE}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_KNOWN_KEY = re.compile(r"\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|xox[abpr]|AKIA|eyJ)[-_\w.]{12,}")
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
# A quick look first: nearly no text has any of these.
_HINT = re.compile(
    r"(?i)authoriz|cookie|key|secret|passw|credential|token|x-auth|bearer|basic|://|[sprg][khp]|xox|AKIA|eyJ"
)


VARIABLE = "FIRSTBYTE_REDACT"
"""The variable of the environment with more names, separated by commas."""


class _Also:
    """The names somebody configured, and where they stand before a value."""

    names: frozenset[str] = frozenset()
    pair: re.Pattern[str] | None = None


def also(names: str) -> None:
    """Hide the values of these names too, separated by commas. For the rim: what VARIABLE holds."""
    _Also.names = frozenset(name.strip().lower() for name in names.split(",") if name.strip())
    either = "|".join(re.escape(name) for name in sorted(_Also.names))
    _Also.pair = re.compile(rf"(?i)(?<![\w-])({either}){_VALUE}") if either else None


def is_secret(name: str) -> bool:
    """A header, field or variable whose value must not be shown."""
    plain = name.strip()
    return _IS_SECRET_NAME.fullmatch(plain) is not None or plain.lower() in _Also.names


def header(name: str, value: str) -> str:
    """The value of a header as it may be shown."""
    return MASK if is_secret(name) else text(value)


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same for a list of headers."""
    return tuple((name, header(name, value)) for name, value in pairs)


def text(value: str) -> str:
    """A text, a body or an address without the secrets that can be recognised in it."""
    if _Also.pair is not None:
        value = _Also.pair.sub(_masked_pair, value)
    if not _HINT.search(value):
        return value
    value = _HEADER_LINE.sub(rf"\1\2{MASK}", value)
    value = _PAIR.sub(_masked_pair, value)
    value = _BEARER.sub(rf"\1 {MASK}", value)
    value = _KNOWN_KEY.sub(MASK, value)
    return _ADDRESS.sub(rf"\1{MASK}@", value)


def record(value: Any) -> Any:
    """A document of plain types with every text in it redacted; a secret name hides its whole value."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        if is_secret(str(value.get("name", ""))) and isinstance(value.get("value"), str):
            return {**value, "value": MASK}  # a header or cookie as HAR and test reports list them
        return {key: MASK if _hides(key, inner) else record(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [record(one) for one in value]
    return value


def _masked_pair(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    if value == MASK or value.startswith("["):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{between}{quote}{MASK}{quote}"


def _hides(key: object, inner: object) -> bool:
    return isinstance(key, str) and isinstance(inner, str | list) and is_secret(key)
