"""JSON documents: their type, and how they are read and written.

Everything the server stores or sends is one of these. Must never let a value through that could not be
written again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

import msgspec

type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None
type JsonObject = Mapping[str, Json]


class MalformedDocument(ValueError):
    """The bytes are not a JSON document; the message says why in one line."""


def encoded(document: Json) -> bytes:
    """The document as compact UTF-8 JSON, keys in the order given."""
    return _WRITER.encode(document)


def written(document: Json) -> str:
    """The document as compact JSON text."""
    return _WRITER.encode(document).decode()


def parsed(raw: bytes | str) -> Json:
    """The document in `raw`. Raises MalformedDocument."""
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        document: Json = _DECODER.decode(text)
    except RecursionError:
        raise MalformedDocument("nested too deeply") from None
    except ValueError as error:
        raise MalformedDocument(str(error)) from None
    # A lone surrogate is legal in JSON text and in no encoding of it, so it could be stored but never sent.
    return _without_surrogates(document) if "\\ud" in text.lower() else document


def reread(text: str) -> JsonObject:
    """The object that `written` once wrote."""
    return as_object(_READER.decode(text))


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


# What we write and read back goes through msgspec, many times faster. What a client sends is read by json:
# its messages say more, and it takes what only JavaScript would write, lone surrogates.
_WRITER: Final = msgspec.json.Encoder()
_READER: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _without_surrogates(document: Json) -> Json:
    text = json.dumps(document, ensure_ascii=False)
    clean: Json = _DECODER.decode(text.encode("utf-8", "replace").decode())
    return clean
