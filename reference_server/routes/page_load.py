"""What a page requests when it loads: small fixed documents that both real web UIs can read.

Their structure was captured from 1.14.34, 1.2.20 and 1.18.33 on 2026-11-22 and cut down to one model, one
agent and two commands.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from firstbyte.reference_server.documents import Json, JsonObject
from firstbyte.reference_server.operations import Endpoint, Operation, json_reply, ok, operation
from firstbyte.reference_server.routes.requests import directory_of
from firstbyte.reference_server.schemas import ANY_LIST, ANY_OBJECT, list_of, ref
from firstbyte.reference_server.service import service_of

_PLENTY: Final = 200_000
_COST: Final[JsonObject] = {"input": 0, "output": 0, "cache": {"read": 0, "write": 0}}
_MODEL: Final[JsonObject] = {
    "id": "m",
    "providerID": "fake",
    "name": "Scripted model",
    "api": {"id": "m", "npm": "@ai-sdk/openai-compatible", "url": ""},
    "capabilities": {"temperature": True, "reasoning": False, "attachment": False, "toolcall": True},
    "cost": _COST,
    "limit": {"context": _PLENTY, "output": _PLENTY},
    "status": "active",
    "options": {},
    "headers": {},
    "release_date": "2026-01-01",
    "variants": {},
}
_PROVIDER: Final[JsonObject] = {
    "id": "fake", "name": "Scripted", "env": [], "source": "custom", "options": {}, "models": {"m": _MODEL},
}  # fmt: skip
_PROVIDERS: Final[JsonObject] = {"all": [_PROVIDER], "default": {"fake": "m"}, "connected": ["fake"]}
_AGENTS: Final[Json] = [
    {
        "name": "build",
        "description": "The default agent.",
        "mode": "primary",
        "native": True,
        "permission": [],
        "options": {},
    }
]
COMMANDS: Final[list[JsonObject]] = [
    {
        "name": "init",
        "description": "create/update AGENTS.md",
        "source": "command",
        "template": "Create or update AGENTS.md. $ARGUMENTS",
        "hints": ["$ARGUMENTS"],
    },
    {
        "name": "review",
        "description": "review changes",
        "source": "command",
        "template": "Review the changes. $ARGUMENTS",
        "hints": ["$ARGUMENTS"],
    },
]
_CONFIG: Final[JsonObject] = {
    "model": "fake/m",
    "provider": {},
    "agent": {},
    "mode": {},
    "plugin": [],
    "command": {},
    "username": "user",
}


def _project(directory: str) -> JsonObject:
    times: JsonObject = {"created": 0, "updated": 0}
    return {"id": "global", "worktree": directory, "vcs": "git", "time": times, "sandboxes": []}


def _path(directory: str) -> JsonObject:
    home = "/home/user"
    own = {"home": home, "state": f"{home}/.local/state/opencode", "config": f"{home}/.config/opencode"}
    return {**own, "worktree": directory, "directory": directory}


def _projects(directory: str) -> list[JsonObject]:
    return [_project(directory)]


def _reference(directory: str) -> JsonObject:
    return {"location": {"directory": directory}, "data": []}


def _fixed(document: Json) -> Endpoint:
    return _of(lambda _directory: document)


async def _health(request: Request) -> Response:
    return json_reply(request, {"healthy": True, "version": service_of(request).core.config.api.version})


def _of(document: Callable[[str], Json]) -> Endpoint:
    """Returns an endpoint whose document depends on the request's project directory."""

    async def endpoint(request: Request) -> Response:
        return json_reply(request, document(directory_of(request)))

    return endpoint


def _get(path: str, id_: str, summary: str, endpoint: Endpoint, schema: JsonObject) -> Operation:
    return operation(f"GET {path}", id_, summary, endpoint, ok(summary, schema))


OPERATIONS: Final = (
    _get("/global/health", "global.health", "Whether the server is up", _health, ref("Health")),
    _get("/api/health", "api.health", "Whether the server is up", _health, ref("Health")),
    _get("/api/reference", "api.reference", "References of the project", _of(_reference), ANY_OBJECT),
    _get("/experimental/resource", "experimental.resource", "Resources", _fixed({}), ANY_OBJECT),
    _get("/experimental/worktree", "experimental.worktree", "Worktrees", _fixed([]), ANY_LIST),
    _get("/global/config", "global.config.get", "The user's configuration", _fixed({}), ANY_OBJECT),
    _get("/config", "config.get", "The project's configuration", _fixed(_CONFIG), ANY_OBJECT),
    _get("/provider", "provider.list", "Providers and models", _fixed(_PROVIDERS), ANY_OBJECT),
    _get("/agent", "app.agents", "Agents", _fixed(_AGENTS), list_of(ANY_OBJECT)),
    _get("/path", "path.get", "Directories", _of(_path), ANY_OBJECT),
    _get(
        "/project",
        "project.list",
        "Projects",
        _of(_projects),
        list_of(ANY_OBJECT),
    ),
    _get("/project/current", "project.current", "The project", _of(_project), ANY_OBJECT),
    _get("/command", "command.list", "Slash commands", _fixed(COMMANDS), list_of(ANY_OBJECT)),
    _get("/vcs", "vcs.get", "Version control", _fixed({"branch": "main"}), ANY_OBJECT),
    _get("/mcp", "mcp.status", "MCP servers", _fixed({}), ANY_OBJECT),
    _get("/lsp", "lsp.status", "Language servers", _fixed([]), ANY_LIST),
    _get("/permission", "permission.list", "Open permission requests", _fixed([]), ANY_LIST),
    _get("/question", "question.list", "Open questions", _fixed([]), ANY_LIST),
    _get("/session/{sessionID}/diff", "session.diff", "Changed files", _fixed([]), ANY_LIST),
    _get("/session/{sessionID}/todo", "session.todo", "To-do list", _fixed([]), ANY_LIST),
)
