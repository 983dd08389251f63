"""The operations that send a prompt, and the status of a prompt that accepted-202 answered.

prompt_async is answered by the configured handler, or by the one named in X-Firstbyte-Handler. /command and
/shell send nothing until they are done in every version. /message sends a partial header after 9 ms in 1.2.20
and nothing until it is done in 1.18.33. Measured 2026-11-22.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.documents import JsonObject, encoded, text_of
from firstbyte.reference_server.errors import Problem, RequestRefused, bad_body, bad_request, not_found
from firstbyte.reference_server.exchange import Handler, ServerExchange
from firstbyte.reference_server.handlers import UnknownHandler, handler
from firstbyte.reference_server.headers import JSON_TYPE, VARY, as_bytes, http_date, no_content
from firstbyte.reference_server.ledger import LedgerEvent, Ticket
from firstbyte.reference_server.operations import (
    BAD_REQUEST,
    NO_SESSION,
    Endpoint,
    Operation,
    Parameter,
    RawResponse,
    ResponseSpec,
    json_reply,
    ok,
    operation,
)
from firstbyte.reference_server.prompts import DEFAULT_AGENT, Prompt, PromptKind, json_type, read_prompt
from firstbyte.reference_server.recorder import record_of
from firstbyte.reference_server.response_writer import writer_of
from firstbyte.reference_server.routes.page_load import COMMANDS
from firstbyte.reference_server.routes.requests import json_object, known_session, session_id
from firstbyte.reference_server.schemas import ref
from firstbyte.reference_server.service import Service, service_of

_HANDLER_HEADER: Final = "X-Firstbyte-Handler"
_INTENT_HEADER: Final = "X-Firstbyte-Intent"
_SHELL_NOTE: Final = "The following tool was executed by the user"


class PromptResponse(Response):
    """A response that a handler writes."""

    def __init__(self, service: Service, ticket: Ticket, prompt: Prompt, handler_: Handler) -> None:
        self._service = service
        self._ticket = ticket
        self._prompt = prompt
        self._handler = handler_
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the handler."""
        await self._handler(ServerExchange(self._service, self._ticket, self._prompt, writer_of(scope), send))


async def _prompt_async(request: Request) -> Response:
    service = service_of(request)
    chosen = _chosen_handler(request)
    prompt = read_prompt(service.core.config.api, await json_object(request))
    try:
        known_session(request)
    except RequestRefused:
        if service.core.config.api is Api.V1_18:
            raise
        return _lost(request, prompt)
    return _admitted(request, prompt, chosen)


async def _message(request: Request) -> Response:
    service = service_of(request)
    prompt = read_prompt(service.core.config.api, await json_object(request))
    known_session(request)
    is_partial = service.core.config.api is Api.V1_2
    return _admitted(request, prompt, _partial_header if is_partial else _streamed_result)


async def _command(request: Request) -> Response:
    api = service_of(request).core.config.api
    body = await json_object(request)
    _require_strings(api, body, "command", "arguments")
    known_session(request)
    name, arguments = text_of(body, "command"), text_of(body, "arguments")
    template = next((text_of(command, "template") for command in COMMANDS if command["name"] == name), None)
    if template is None:
        known = ", ".join(text_of(command, "name") for command in COMMANDS)
        raise bad_request(api, f'Command not found: "{name}". Available commands: {known}')
    text = template.replace("$ARGUMENTS", arguments).strip()
    prompt = Prompt(
        message_id=text_of(body, "messageID"), parts=({"type": "text", "text": text},), agent=_agent(body)
    )
    return _admitted(request, prompt, handler("await-result"), arguments or f"/{name}")


async def _shell(request: Request) -> Response:
    body = await json_object(request)
    _require_strings(service_of(request).core.config.api, body, "command")
    known_session(request)
    command = text_of(body, "command")
    note: JsonObject = {"type": "text", "text": _SHELL_NOTE, "synthetic": True}
    prompt = Prompt(parts=(note,), agent=_agent(body), kind=PromptKind.SHELL, shell_command=command)
    return _admitted(request, prompt, handler("await-result"), command)


async def _prompt_status(request: Request) -> Response:
    known_session(request)
    service = service_of(request)
    id_ = str(request.path_params["messageID"])
    message = service.core.store.message(session_id(request), id_)
    if message is None:
        raise not_found(f"Message not found: {id_}")
    is_running = service.work.is_open(id_)
    status = "running" if is_running else "finished" if message.is_answered else "interrupted"
    return json_reply(request, {"id": id_, "sessionID": message.session, "status": status})


async def _partial_header(exchange: ServerExchange) -> None:
    """/message of 1.2.20: two header lines at once, everything else when the model is done."""
    exchange.persist()
    exchange.writer.write_raw(b"HTTP/1.1 200 OK\r\n" + as_bytes([JSON_TYPE, VARY]))
    data = encoded(await exchange.start())
    header = as_bytes([(b"Date", exchange.date), (b"Transfer-Encoding", b"chunked")])
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    exchange.writer.finish_raw(header + b"\r\n" + chunks, 200, body_bytes=len(data))


async def _streamed_result(exchange: ServerExchange) -> None:
    """/message of 1.18.33: nothing until the model is done, then a chunked answer."""
    exchange.persist()
    data = encoded(await exchange.start())
    await exchange.begin_json()
    await exchange.body(data, is_last=True)


def _admitted(request: Request, prompt: Prompt, handler_: Handler, intent: str = "") -> Response:
    service = service_of(request)
    ticket = _ticket(request, prompt, intent)
    service.core.ledger.write(LedgerEvent.ADMITTED, ticket)
    service.work.open(ticket)
    return PromptResponse(service, ticket, prompt, handler_)


def _lost(request: Request, prompt: Prompt) -> Response:
    # 1.2.20 answers 204 for a session that doesn't exist, and the prompt is lost. Captured 2026-11-22.
    core = service_of(request).core
    ticket = _ticket(request, prompt, "")
    core.ledger.write(LedgerEvent.ADMITTED, ticket)
    core.ledger.write(LedgerEvent.FAILED, ticket, {"message": f"Session not found: {ticket.session}"})
    return RawResponse(204, no_content(core.config.api, http_date(core.env.wall_ms())), b"")


def _ticket(request: Request, prompt: Prompt, intent: str) -> Ticket:
    record = record_of(request)
    intent = request.headers.get(_INTENT_HEADER) or intent or prompt.text
    id_ = prompt.message_id or service_of(request).core.ids.ascending("msg")
    record.ticket = Ticket(
        request=record.ticket.request, session=session_id(request), message=id_, intent=intent
    )
    return record.ticket


def _chosen_handler(request: Request) -> Handler:
    config = service_of(request).core.config
    try:
        return handler(request.headers.get(_HANDLER_HEADER) or config.handler)
    except UnknownHandler as error:
        raise bad_request(config.api, f"{_HANDLER_HEADER}: {error}") from None


def _require_strings(api: Api, body: JsonObject, *keys: str) -> None:
    problems = [
        Problem(path=(key,), expected="string", received=json_type(body.get(key), key in body))
        for key in keys
        if not isinstance(body.get(key), str)
    ]
    if problems:
        raise bad_body(api, problems, body)


def _agent(body: JsonObject) -> str:
    return text_of(body, "agent", DEFAULT_AGENT)


_ANSWER: Final = ok("The answer, once it is complete", ref("Message"))
_INTENT: Final = Parameter(name=_INTENT_HEADER, place="header")
_BY_HANDLER: Final = (
    ResponseSpec(
        status=204, description="Accepted (most handlers); how far it got by then depends on the handler"
    ),
    ResponseSpec(status=202, description="Accepted, see Location (accepted-202)", schema=ref("PromptStatus")),
    ok("The answer (await-result and the like)", ref("Message")),
)


def _post(
    path: str, id_: str, summary: str, endpoint: Endpoint, body: str, *responses: ResponseSpec
) -> Operation:
    parameters = [_INTENT]
    if id_ == "session.prompt_async":
        parameters.append(Parameter(name=_HANDLER_HEADER, place="header"))
    where, answers = f"POST /session/{{sessionID}}/{path}", (*responses, BAD_REQUEST, NO_SESSION)
    return operation(where, id_, summary, endpoint, *answers, body=body, parameters=parameters)


OPERATIONS: Final = (
    _post("prompt_async", "session.prompt_async", "Send, don't wait", _prompt_async, "Prompt", *_BY_HANDLER),
    _post("message", "session.prompt", "Send and wait for the answer", _message, "Prompt", _ANSWER),
    _post("command", "session.command", "Send a slash command and wait", _command, "Command", _ANSWER),
    _post("shell", "session.shell", "Pretend to run a command and wait", _shell, "Shell", _ANSWER),
    operation(
        "GET /session/{sessionID}/prompt/{messageID}",
        "session.prompt_status",
        "How far an accepted prompt is",
        _prompt_status,
        ok("Its status", ref("PromptStatus")),
        NO_SESSION,
    ),
)
