"""JSON documents: their types, and how they are encoded and decoded.

Everything the server stores or sends is one of these. A value that is decoded here can always be encoded
again.
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
    """Returns the document as compact UTF-8 JSON with its keys in the given order."""
    return _WRITER.encode(document)


def encoded_text(document: Json) -> str:
    """Returns the document as compact JSON text."""
    return _WRITER.encode(document).decode()


def parsed(raw: bytes | str) -> Json:
    """Returns the document in `raw`. Raises MalformedDocument."""
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        document: Json = _DECODER.decode(text)
    except RecursionError:
        raise MalformedDocument("nested too deeply") from None
    except ValueError as error:
        raise MalformedDocument(str(error)) from None
    # JSON text may hold a lone surrogate, but no encoding can: it could be stored and never sent.
    return _without_surrogates(document) if "\\ud" in text.lower() else document


def decoded(text: str) -> JsonObject:
    """Returns the object in a text that `encoded_text` made."""
    return as_object(_READER.decode(text))


def as_object(document: Json) -> JsonObject:
    """Returns `document` if it is an object. Raises MalformedDocument if it isn't."""
    if isinstance(document, Mapping):
        return document
    raise MalformedDocument("expected an object")


def text_of(document: JsonObject, key: str, default: str = "") -> str:
    """Returns the string under `key`, or `default` if there is none."""
    value = document.get(key)
    return value if isinstance(value, str) else default


def object_of(document: JsonObject, key: str) -> JsonObject:
    """Returns the object under `key`, or an empty one."""
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def objects_of(document: JsonObject, key: str) -> list[JsonObject]:
    """Returns the objects in the list under `key`, or an empty list."""
    value = document.get(key)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Our own documents go through msgspec, which is many times faster. What clients send goes through json: its
# messages say more, and it accepts the lone surrogates that JavaScript can write.
_WRITER: Final = msgspec.json.Encoder()
_READER: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _without_surrogates(document: Json) -> Json:
    text = json.dumps(document, ensure_ascii=False)
    clean: Json = _DECODER.decode(text.encode("utf-8", "replace").decode())
    return clean
