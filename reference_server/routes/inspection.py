"""The ledger and the OpenAPI document. Requests for them are not recorded in the ledger."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from firstbyte.reference_server.documents import JsonObject
from firstbyte.reference_server.openapi import document
from firstbyte.reference_server.operations import json_reply, ok, operation
from firstbyte.reference_server.prompts import joined_text
from firstbyte.reference_server.schemas import ANY_OBJECT, ref
from firstbyte.reference_server.service import Service, service_of
from firstbyte.reference_server.store import Message


def ledger_document(service: Service) -> JsonObject:
    """Returns the account with the messages' parts and the effects, which are for people."""
    store = service.core.store
    messages = [_with_parts(service, message) for message in store.all_messages()]
    return {**account_document(service), "messages": messages, "effects": store.effects()}


def account_document(service: Service) -> JsonObject:
    """Returns what a verdict needs: ledger rows, durable messages, model calls by intent, open prompts."""
    return {
        "events": service.core.ledger.rows(),
        "messages": [_shown(message) for message in service.core.store.all_messages()],
        "model_calls": service.core.ledger.model_calls(),
        "busy": service.work.open_prompts,
    }


async def _ledger(request: Request) -> Response:
    return json_reply(request, ledger_document(service_of(request)))


async def _health(request: Request) -> Response:
    service = service_of(request)
    return json_reply(request, {"healthy": True, "version": service.core.config.api.version})


async def _openapi(request: Request) -> Response:
    state = request.app.state
    if state.openapi is None:
        state.openapi = document(service_of(request).core.config.api, state.operations)
    return json_reply(request, state.openapi)


def _with_parts(service: Service, message: Message) -> JsonObject:
    parts = service.core.store.parts(message)
    return {**_shown(message), "parts": parts, "text": joined_text(parts), "durable": True}


def _shown(message: Message) -> JsonObject:
    return {
        "id": message.id,
        "session": message.session,
        "role": message.role,
        "intent": message.intent,
    }


OPERATIONS: Final = (
    operation(
        "GET /_firstbyte/ledger",
        "firstbyte.ledger",
        "What the origin knows of every request and message",
        _ledger,
        ok("The ledger", ref("Ledger")),
    ),
    operation(
        "GET /_firstbyte/health",
        "firstbyte.health",
        "Whether the server is up; never recorded",
        _health,
        ok("It is", ref("Health")),
    ),
    operation("GET /doc", "doc", "This document", _openapi, ok("OpenAPI 3.1", ANY_OBJECT)),
)
