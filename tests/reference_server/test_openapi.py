"""The OpenAPI document is exactly what is served."""

import re
from typing import Any

import pytest
from starlette.routing import Route

from firstbyte.reference_server.config import Api, ServerConfig
from firstbyte.reference_server.routes import all_operations
from tests.reference_server.conftest import Serve, Server, prompt

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


async def document(server: Server) -> Any:
    return (await server.get("/doc")).json


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {found for item in node for found in references(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rpartition("/")[2]} if "$ref" in node else set()
    return own.union(*(references(item) for item in node.values())) if node else own


def faults(schemas: Any, schema: Any, value: Any, where: str = "$") -> list[str]:
    """Where the value doesn't fit the schema; only the keywords these schemas use."""
    if "$ref" in schema:
        return faults(schemas, schemas[schema["$ref"].rpartition("/")[2]], value, where)
    if "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        return [f"{where} is no {schema['type']}"]
    if "const" in schema and value != schema["const"]:
        return [f"{where} is not {schema['const']}"]
    found = [f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value]
    for key, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and key in value:
            found += faults(schemas, inner, value[key], f"{where}.{key}")
    for number, item in enumerate(value if "items" in schema else []):
        found += faults(schemas, schema["items"], item, f"{where}[{number}]")
    return found


async def test_every_route_is_documented_and_nothing_else(serve: Serve) -> None:
    server = await serve(ServerConfig())
    described = {
        (method.upper(), path)
        for path, methods in (await document(server))["paths"].items()
        for method in methods
    }
    routes = [operation.route() for operation in all_operations()]
    assert all(isinstance(route, Route) for route in routes)
    served = {(method, route.path) for route in routes for method in (route.methods or ())} - {
        ("HEAD", route.path) for route in routes
    }
    assert described == served


async def test_every_reference_and_every_path_parameter_is_defined(serve: Serve) -> None:
    found = await document(await serve(ServerConfig()))
    assert references(found) <= set(found["components"]["schemas"])
    for path, methods in found["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


async def test_operation_ids_are_unique(serve: Serve) -> None:
    found = await document(await serve(ServerConfig()))
    ids = [operation["operationId"] for methods in found["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("api", list(Api), ids=lambda api: api.value)
async def test_every_get_answers_with_what_the_document_says(serve: Serve, api: Api) -> None:
    server = await serve(ServerConfig(api=api))
    session = await server.session()
    await server.post(f"/session/{session}/message", prompt("x"))
    message = (await server.get(f"/session/{session}/message")).json[0]["info"]["id"]
    found = await document(server)
    for path, methods in found["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in content:
            continue
        reply = await server.get(path.replace("{sessionID}", session).replace("{messageID}", message))
        assert reply.status == 200
        assert faults(found["components"]["schemas"], content["application/json"]["schema"], reply.json) == []
