"""JSON documents: their type, and how they are read and written.

Everything the server stores or sends is one of these. Must never let a value through that could not be
written again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None
type JsonObject = Mapping[str, Json]


class MalformedDocument(ValueError):
    """The bytes are not a JSON document; the message says why in one line."""


def encoded(document: Json) -> bytes:
    """The document as compact UTF-8 JSON, keys in the order given."""
    return written(document).encode()


def written(document: Json) -> str:
    """The document as compact JSON text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def parsed(raw: bytes | str) -> Json:
    """The document in `raw`. Raises MalformedDocument."""
    try:
        document: Json = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedDocument("nested too deeply") from None
    except ValueError as error:
        raise MalformedDocument(str(error)) from None
    # A lone surrogate is legal in JSON text and in no encoding of it, so it could be stored but never sent.
    return _without_surrogates(document) if _may_hold_surrogates(raw) else document


def parsed_object(raw: bytes | str) -> JsonObject:
    """The object in `raw`. Raises MalformedDocument, also for any other kind of document."""
    return as_object(parsed(raw))


def as_object(document: Json) -> JsonObject:
    """`document` itself, known to be an object. Raises MalformedDocument."""
    if isinstance(document, Mapping):
        return document
    raise MalformedDocument("expected an object")


def text_of(document: JsonObject, key: str, default: str = "") -> str:
    """The string under `key`, or `default` when there is none."""
    value = document.get(key)
    return value if isinstance(value, str) else default


def object_of(document: JsonObject, key: str) -> JsonObject:
    """The object under `key`, or an empty one."""
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def objects_of(document: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list under `key`, or none."""
    value = document.get(key)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _may_hold_surrogates(raw: bytes | str) -> bool:
    return "\\ud" in raw.lower() if isinstance(raw, str) else b"\\ud" in raw.lower()


def _without_surrogates(document: Json) -> Json:
    clean: Json = json.loads(written(document).encode("utf-8", "replace"))
    return clean
