"""Error documents in the format of each API.

1.2.20 sends a validator's list and echoes the body; 1.18.33 sends a named error. Both were captured on
2026-11-22 for missing `parts` and for an unknown session; the other texts follow the same format.
"""

from typing import assert_never

import msgspec

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.documents import Json, JsonObject


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One fault in a request's body. `received` is the JSON type found, or "undefined"."""

    path: tuple[str | int, ...]
    expected: str
    received: str


class RequestRefused(Exception):
    """The request is refused. Holds the response to send."""

    def __init__(self, status: int, document: JsonObject) -> None:
        super().__init__(f"{status} {document}")
        self.status = status
        self.document = document


def bad_body(api: Api, problems: list[Problem], body: Json) -> RequestRefused:
    """Returns the 400 for a body that has the wrong structure."""
    match api:
        case Api.V1_2:
            errors: list[JsonObject] = [_validator_error(problem) for problem in problems]
            return RequestRefused(400, {"data": body, "error": errors, "success": False})
        case Api.V1_18:
            return bad_request(api, _named_message(problems[0]))
        case _:
            assert_never(api)


def bad_request(api: Api, message: str) -> RequestRefused:
    """Returns the 400 for any other fault of a request."""
    detail: dict[str, Json] = {"message": message}
    if api is Api.V1_18:
        detail["kind"] = "Payload"
    return RequestRefused(400, {"name": "BadRequest", "data": detail})


def not_found(message: str) -> RequestRefused:
    """Returns the 404 for anything that doesn't exist."""
    return RequestRefused(404, {"name": "NotFoundError", "data": {"message": message}})


def _validator_error(problem: Problem) -> JsonObject:
    message = f"Invalid input: expected {problem.expected}, received {problem.received}"
    return {
        "expected": problem.expected,
        "code": "invalid_type",
        "path": list(problem.path),
        "message": message,
    }


def _named_message(problem: Problem) -> str:
    where = "".join(f"[{json_key(key)}]" for key in problem.path)
    if problem.received == "undefined":
        return f"Missing key\n  at {where}"
    return f"Expected {problem.expected}, got {problem.received}\n  at {where}"


def json_key(key: str | int) -> str:
    """Returns the key as it is shown between brackets."""
    return f'"{key}"' if isinstance(key, str) else str(key)
