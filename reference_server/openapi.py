"""The OpenAPI 3.1 document of exactly what is served, built from the operations the routes come from."""

import re
from collections.abc import Sequence
from typing import Final

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.documents import Json, JsonObject
from firstbyte.reference_server.operations import Operation, Outcome
from firstbyte.reference_server.schemas import SCHEMAS, ref

_IN_PATH: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


def document(api: Api, operations: Sequence[Operation]) -> JsonObject:
    """The whole document."""
    paths: dict[str, dict[str, Json]] = {}
    for operation in operations:
        paths.setdefault(_IN_PATH.sub(r"{\1}", operation.path), {})[operation.method.lower()] = _described(
            operation
        )
    title = f"firstbyte reference server (as OpenCode {api.version})"
    return {
        "openapi": "3.1.1",
        "info": {"title": title, "version": api.version},
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _described(operation: Operation) -> JsonObject:
    described: dict[str, Json] = {"operationId": operation.id, "summary": operation.summary}
    parameters: list[JsonObject] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(operation.path)
    ]
    parameters += [
        {"name": p.name, "in": p.place, "required": False, "schema": p.schema} for p in operation.parameters
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {"content": {"application/json": {"schema": ref(operation.body)}}}
    described["responses"] = {str(outcome.status): _response(outcome) for outcome in operation.outcomes}
    return described


def _response(outcome: Outcome) -> JsonObject:
    response: dict[str, Json] = {"description": outcome.description}
    if outcome.schema is not None:
        response["content"] = {outcome.media_type: {"schema": outcome.schema}}
    return response
