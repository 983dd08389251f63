"""The OpenAPI 3.1 document, built from the same operations as the routes."""

import re
from collections.abc import Sequence
from typing import Final

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.documents import Json, JsonObject
from firstbyte.reference_server.operations import Operation, ResponseSpec
from firstbyte.reference_server.schemas import SCHEMAS, ref

_IN_PATH: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


def document(api: Api, operations: Sequence[Operation]) -> JsonObject:
    """Returns the complete document."""
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
    described["responses"] = {
        str(response.status): _response_object(response) for response in operation.responses
    }
    return described


def _response_object(response: ResponseSpec) -> JsonObject:
    described: dict[str, Json] = {"description": response.description}
    if response.schema is not None:
        described["content"] = {response.media_type: {"schema": response.schema}}
    return described
