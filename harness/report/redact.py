"""Takes secrets out of what is shown or written: header values, cookies, tokens, passwords in an address.

Reports are pasted into public issues. Pure. It must never be the caller's choice: every report
comes through here.
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
_PAIR = re.compile(
    rf"(?i)(?<![\w-])({_NAME})([\"']?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"'&,;}}\]\[]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_KNOWN_KEY = re.compile(r"\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|xox[abpr]|AKIA|eyJ)[-_\w.]{12,}")
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
# A quick look first: nearly no text has any of these.
_HINT = re.compile(
    r"(?i)authoriz|cookie|key|secret|passw|credential|token|x-auth|bearer|basic|://|[sprg][khp]|xox|AKIA|eyJ"
)


def is_secret(name: str) -> bool:
    """A header, field or variable whose value must not be shown."""
    return _IS_SECRET_NAME.fullmatch(name.strip()) is not None


def header(name: str, value: str) -> str:
    """The value of a header as it may be shown."""
    return MASK if is_secret(name) else text(value)


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same for a list of headers."""
    return tuple((name, header(name, value)) for name, value in pairs)


def text(value: str) -> str:
    """A text, a body or an address without the secrets that can be recognised in it."""
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
