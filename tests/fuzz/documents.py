"""HAR and OpenAPI documents from a good one: a value replaced somewhere, then bytes changed."""

import json
import tempfile
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import msgspec

from firstbyte.harness.audit.operations import Choice, operations_of
from firstbyte.harness.audit.source import read_source
from firstbyte.harness.probe.har import examine_entry, read_har
from firstbyte.harness.problems import BadInput
from tests.fuzz.mutate import Source, choose, mutated

HAR = {
    "log": {
        "entries": [
            {
                "startedDateTime": "2026-01-01T00:00:00Z",
                "time": 5.0,
                "request": {
                    "method": "GET",
                    "url": "http://a/x",
                    "headers": [{"name": "A", "value": "b"}],
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "headers": [{"name": "A", "value": "b"}],
                    "content": {"size": 2},
                },
                "timings": {"send": 1, "wait": 2, "receive": 2},
            }
        ]
    }
}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "servers": [{"url": "http://127.0.0.1:9"}],
    "paths": {
        "/x/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/x"}}}
                },
                "responses": {"200": {"description": "ok"}},
            },
        }
    },
    "components": {"schemas": {"x": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
}
#: What stands where something else belongs.
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    204,
    2**63,
    1e308,
    float("nan"),
    "",
    "x",
    "\0",
    "<script>",
    "http://[",
    "\r\nX: y",
    "{",
    "{id}",
    "#/components/schemas/x",
    "\U0001f600",
    [],
    {},
    [{}],
    {"a": None},
)
TOKENS = (
    b"\0",
    b"\xff\xfe",
    b"{",
    b"}",
    b"[",
    b'"',
    b",",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"\n",
    b": &a *a",
)


class Document(msgspec.Struct, frozen=True):
    """A good one of its kind, and what reads it."""

    good: object
    read: Callable[[Path], object]


def examine(path: Path) -> object:
    """Every entry of a HAR file behind one edge."""
    return [examine_entry(entry, ["nginx"], path.name) for entry in read_har(path)]


def operations(path: Path) -> object:
    """Every operation of an OpenAPI document, with an input."""
    return operations_of(read_source(str(path), (), None, verify=True), Choice(unsafe=True))


DOCUMENTS = {"har": Document(HAR, examine), "openapi": Document(OPENAPI, operations)}


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *chain.from_iterable(places(one, (*at, key)) for key, one in inner)]


def replaced(value: object, at: tuple[str | int, ...], new: object) -> object:
    """A copy with another value at one place."""
    if not at:
        return new
    if isinstance(value, dict):
        return {key: replaced(one, at[1:], new) if key == at[0] else one for key, one in value.items()}
    assert isinstance(value, list)
    return [replaced(one, at[1:], new) if key == at[0] else one for key, one in enumerate(value)]


def document_of(source: Source, good: object) -> bytes:
    """The good one with a value replaced, half of them with bytes changed too."""
    text = json.dumps(replaced(good, choose(source, places(good)), choose(source, ODD))).encode()
    return mutated(source, (text,), TOKENS) if source.below(2) else text


def refusal(path: Path, read: Callable[[Path], object]) -> str:
    """What it says of the file; its name when it has taken it. Any error but BadInput is one of ours."""
    try:
        read(path)
    except BadInput as problem:
        return str(problem)
    return path.name


def misread(kind: str, sources: Iterable[Source]) -> list[tuple[object, str]]:
    """The documents that broke their reader, or were refused without their name, and how."""
    wrong: list[tuple[object, str]] = []
    with tempfile.TemporaryDirectory(prefix="firstbyte-fuzz-") as folder:
        path = Path(folder) / "given.json"
        for source in sources:
            text = document_of(source, DOCUMENTS[kind].good)
            path.write_bytes(text)
            try:
                said = refusal(path, DOCUMENTS[kind].read)
            except Exception as error:  # noqa: BLE001 - the subject
                said = f"{type(error).__name__}: {error}"
            if path.name not in said:
                wrong.append((text, said))
    return wrong
