"""How an exchange ends: what its client gets, and what the record and the timeline say of it."""

from dataclasses import dataclass
from typing import assert_never

import msgspec
from mitmproxy.proxy.layer import CommandGenerator

from firstbyte.harness.model.profile import Cause, CloseKind
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge import decisions
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.edge.journal import Journal
from firstbyte.proxies.edge.reply import EdgeReply
from firstbyte.proxies.edge.shared import SharedEdge
from firstbyte.proxies.edge.upload import Upload
from firstbyte.proxies.rules.answer import Rendered, Values, log_lines, render, standard_reason
from firstbyte.proxies.rules.cut import break_for

_HEXADECIMAL = {code: f"{code % 16:x}" for code in range(128)}


@dataclass(slots=True, eq=False)
class ExchangeEnding:
    """Carries out the decision that ends an exchange. accept: the request's Accept, as the client sent it."""

    _accept: str
    _edge: SharedEdge
    _journal: Journal
    _upload: Upload
    _attempts: Attempts
    _reply: EdgeReply

    def __repr__(self) -> str:
        record = self._journal.record
        return f"<ExchangeEnding {record.status} {record.answer or record.end}>"

    def carry_out(self, ending: decisions.Ending) -> CommandGenerator[None]:
        """Leave the origin, and send the client the end of its answer or a whole one."""
        match ending:
            case decisions.Complete():
                return self._complete()
            case decisions.Answer():
                return self._answer(ending)
            case decisions.AddonAnswer():
                return self._answer_with(ending.rendered, keep_alive=True)
            case decisions.Cut():
                return self._cut(ending.cause)
            case decisions.Drop():
                return self._drop(ending.h2_error)
            case decisions.Silence():
                return self._attempts.leave(ending.leave)
            case _ as unreachable:
                assert_never(unreachable)

    def _complete(self) -> CommandGenerator[None]:
        if not self._upload.is_whole:
            yield from self._attempts.leave(CloseKind.FIN)
        yield from self._reply.end()

    def _answer(self, ending: decisions.Answer) -> CommandGenerator[None]:
        answer = self._edge.profile.answers[ending.key]
        if ending.status is not None:
            reason = standard_reason(ending.status)
            answer = msgspec.structs.replace(answer, status=ending.status, reason=reason)
        values = self._values()
        yield from self._attempts.leave(ending.leave)
        record = self._journal.record
        record.answer = ending.key
        record.log = log_lines(answer, values)
        if not self._reply.client_left:
            self._journal.report(Kind.ANSWERED, status=answer.status, answer=ending.key)
        if answer.status == 0 or (answer.h2_error and self._reply.is_http2):
            yield from self._drop(answer.h2_error)
        else:
            rendered = render(answer, self._accept, values)
            yield from self._answer_with(rendered, keep_alive=answer.keep_alive)

    def _answer_with(self, rendered: Rendered, *, keep_alive: bool) -> CommandGenerator[None]:
        record = self._journal.record
        record.status, record.reason = rendered.status, rendered.reason
        record.add_response_bytes(rendered.body)
        yield from self._attempts.leave(CloseKind.FIN)
        is_whole = self._upload.is_whole
        yield from self._reply.answer(rendered, keep_alive=keep_alive, is_upload_whole=is_whole)

    def _cut(self, cause: Cause) -> CommandGenerator[None]:
        how = break_for(self._edge.profile.cut, cause, self._reply.framing)
        if cause in (Cause.TIMER, Cause.GARBAGE):
            yield from self._attempts.leave(self._edge.profile.origin.on_expiry)
        self._journal.record.end = "cut"
        ending = how.http2 if self._reply.is_http2 else str(how.http1)
        self._journal.report(Kind.CUT, ending=ending, cause=str(cause))
        yield from self._reply.break_off(how)

    def _drop(self, h2_error: str) -> CommandGenerator[None]:
        yield from self._attempts.leave(CloseKind.FIN)
        yield from self._reply.close_silently(h2_error)

    def log_client_left(self) -> None:
        """Write down what the product logs when its client goes away."""
        answer = self._edge.profile.answers.get("client-left")
        if answer is not None:
            self._journal.record.log = log_lines(answer, self._values())

    def _values(self) -> Values:
        record = self._journal.record
        return Values(
            host=record.host,
            method=record.method,
            path=record.path,
            ray=self._edge.token(16).translate(_HEXADECIMAL),
            timestamp=self._edge.timestamp(),
        )
