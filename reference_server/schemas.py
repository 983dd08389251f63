"""JSON Schemas of request and response bodies, for the OpenAPI document.

They describe this server only: a property that is always present is required.
"""

from typing import Final

from firstbyte.reference_server.documents import Json, JsonObject

STRING: Final[JsonObject] = {"type": "string"}
NUMBER: Final[JsonObject] = {"type": "number"}
TRUE: Final[JsonObject] = {"type": "boolean", "const": True}
ANY_OBJECT: Final[JsonObject] = {"type": "object"}
ANY_LIST: Final[JsonObject] = {"type": "array"}


def ref(name: str) -> JsonObject:
    """Returns a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: JsonObject) -> JsonObject:
    """Returns the schema of an array of `schema`."""
    return {"type": "array", "items": schema}


def record(required: dict[str, JsonObject], optional: dict[str, JsonObject] | None = None) -> JsonObject:
    """Returns the schema of an object with these properties. It may have others, too."""
    properties: dict[str, Json] = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


_MODEL: Final = record({"providerID": STRING, "modelID": STRING})
_PROMPT_OPTIONS: Final[dict[str, JsonObject]] = {
    "messageID": {"type": "string", "pattern": "^msg"},
    "agent": STRING,
    "model": _MODEL,
    "noReply": {"type": "boolean"},
    "variant": STRING,
    "system": STRING,
    "tools": ANY_OBJECT,
    "format": ANY_OBJECT,
}
_PART: Final = record({"id": STRING, "sessionID": STRING, "messageID": STRING, "type": STRING})
_PART_INPUT: Final = record(
    {"type": {"type": "string", "enum": ["text", "file", "agent", "subtask"]}},
    {"id": {"type": "string", "pattern": "^prt"}, "text": STRING},
)

SCHEMAS: Final[dict[str, JsonObject]] = {
    "Health": record({"healthy": TRUE, "version": STRING}),
    "Session": record(
        {
            "id": STRING,
            "slug": STRING,
            "version": STRING,
            "projectID": STRING,
            "directory": STRING,
            "title": STRING,
            "time": record({"created": NUMBER, "updated": NUMBER}),
        }
    ),
    "NewSession": record({}, {"title": STRING}),
    "PartInput": _PART_INPUT,
    "Part": _PART,
    "Prompt": record({"parts": list_of(ref("PartInput"))}, _PROMPT_OPTIONS),
    "Command": record(
        {"command": STRING, "arguments": STRING}, {"messageID": STRING, "agent": STRING, "model": STRING}
    ),
    "Shell": record({"command": STRING}, {"agent": STRING, "model": _MODEL}),
    "MessageInfo": record(
        {"id": STRING, "sessionID": STRING, "role": STRING, "time": record({"created": NUMBER})}
    ),
    "Message": record({"info": ref("MessageInfo"), "parts": list_of(ref("Part"))}),
    "PromptStatus": record({"id": STRING, "sessionID": STRING, "status": STRING}),
    "SessionStatus": {
        "type": "object",
        "additionalProperties": record({"type": {"type": "string", "enum": ["busy"]}}),
    },
    "NotFound": record(
        {"name": {"type": "string", "const": "NotFoundError"}, "data": record({"message": STRING})}
    ),
    "BadRequest": {
        "oneOf": [
            record({"name": {"type": "string", "const": "BadRequest"}, "data": record({"message": STRING})}),
            record({"data": {}, "error": ANY_LIST, "success": {"type": "boolean", "const": False}}),
        ]
    },
    "Ledger": record(
        {
            "events": ANY_LIST,
            "messages": ANY_LIST,
            "effects": ANY_OBJECT,
            "model_calls": ANY_OBJECT,
            "busy": {"type": "integer"},
        }
    ),
}
