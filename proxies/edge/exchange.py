"""One exchange: the request on its way (`Attempts`), and the answer, the origin's or the edge's own.

Yields mitmproxy commands; `EdgeStream` decides when.
"""

import msgspec
from mitmproxy import http
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layer import CommandGenerator

from firstbyte.harness.model.profile import CloseKind, Point, Timer
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.attempts import Attempts
from firstbyte.proxies.http.mutation import mutate
from firstbyte.proxies.http.signals import Flush, HoldReading, KeepHeld, SetAlarm
from firstbyte.proxies.rules.answer import Rendered, Values, log_lines, render, standard_reason
from firstbyte.proxies.rules.orders import Action, HeldRequest, Seen

_HEXADECIMAL = {code: f"{code % 16:x}" for code in range(128)}


class Exchange(Attempts):
    """An exchange whose answer can be given."""

    __slots__ = ()

    def forward_header(self, response: http.Response) -> CommandGenerator[None]:
        """The origin's header goes to the client, when the profile lets it."""
        for what in mutate(response, self._profile.mutation):
            self.tell(Kind.MUTATED, what=what)
        self.record.status = response.status_code
        self.record.reason = response.reason
        yield from self._written(self.reply.begin(response))
        self.record.response_headers = response.headers.fields

    def forward_body(self, data: bytes) -> list[Command]:
        """Bytes of the body go to the client."""
        return self._written(self.reply.data(data))

    def _written(self, commands: list[Command]) -> list[Command]:
        if commands:
            self.note(Point.CLIENT_WRITE)
        return commands

    def complete(self) -> CommandGenerator[None]:
        """The origin's answer is complete."""
        if not self.request_ended:
            yield from self.leave_origin(CloseKind.FIN)
        yield from self._written(self.reply.end())
        yield from self.finish()

    def answer(self, key: str, status: int | None = None) -> CommandGenerator[None]:
        """The edge answers for the origin. status: instead of the answer's own."""
        answer = self._profile.answers[key]
        if status is not None:
            answer = msgspec.structs.replace(answer, status=status, reason=standard_reason(status))
        values = self._values()
        yield from self.leave_origin(CloseKind.FIN)
        self.record.answer = key
        self.record.log = log_lines(answer, values)
        if not self.client_left:
            self.tell(Kind.ANSWERED, status=answer.status, answer=key)
        if answer.status == 0 or (answer.h2_error and self.is_http2):
            yield from self.drop(answer.h2_error)
        else:
            yield from self.answer_with(render(answer, self._accept, values), keep_alive=answer.keep_alive)

    def answer_with(self, rendered: Rendered, *, keep_alive: bool = True) -> CommandGenerator[None]:
        """This answer, and the end of the exchange."""
        record = self.record
        record.status, record.reason = rendered.status, rendered.reason
        record.add_response_bytes(rendered.body)
        yield from self.leave_origin(CloseKind.FIN)
        yield from self.reply.answer(rendered, close=not (keep_alive and self.request_ended))
        yield from self.reply.finish_answer(upload_ended=self.request_ended)
        record.response_headers = self.reply.response.headers.fields if self.reply.response else ()
        yield from self.finish()

    def answer_after_upload(self, key: str) -> None:
        """The origin is given up; the client is told so when it has sent all of its request."""
        self.late_answer = key
        self._tell_changes(self.bank.next_attempt(self.now))

    def upgraded(self) -> None:
        """The exchange has become a tunnel: it is over when that is."""
        self._edge.held.remove(self._held_id)
        self.note(Point.UPGRADED)

    def log_client_left(self) -> None:
        """Write down what the product logs when its client goes away."""
        answer = self._profile.answers.get("client-left")
        if answer is not None:
            self.record.log = log_lines(answer, self._values())

    def drop(self, h2_error: str = "") -> CommandGenerator[None]:
        """No answer: the client's connection is closed, or its HTTP/2 stream reset."""
        yield from self.leave_origin(CloseKind.FIN)
        yield from self.reply.close_silently(h2_error)
        yield from self.finish()

    def _values(self) -> Values:
        ray = self._edge.token(16).translate(_HEXADECIMAL)
        return Values(
            host=self.record.host,
            method=self._method,
            path=self.record.path,
            ray=ray,
            timestamp=self._edge.stamp(),
        )

    def finish(self) -> CommandGenerator[None]:
        """The exchange is over: stop its timers and write it down."""
        if self.is_over:
            return
        self.is_over = True
        # An answer need not wait until all about it is written down.
        yield Flush()
        self._edge.active -= 1
        self._edge.held.remove(self._held_id)
        self._tell_changes(self.bank.stop(self.now))
        if self._alarm is not None:
            yield SetAlarm(self._stream_id, None)
        if self._holding_client:
            yield HoldReading(self._client, hold=False)
        self.record.ended = self.now
        self._note_end()
        self._edge.done(self.record)

    def hold(self) -> CommandGenerator[None]:
        """Held mode: register the request, with what was ordered for it."""
        config, held = self._edge.config, self._edge.held
        if not config.held and not config.ordered:
            return
        self.order = held.order_for(self._method, self.record.path)
        if self.action is Action.RESEND and self._kept is None:
            self._kept = []
        self.seen = Seen(
            id=self._held_id, method=self._method, path=self.record.path, ordered=self.action
        )  # fmt: skip
        held.note(self.seen)
        if config.held:
            self.tell(Kind.HELD, id=self._held_id, action=str(self.action or ""))
            yield KeepHeld(self._stream_id, self._held_id, self._describe)

    def done_as_ordered(self) -> None:
        """What was ordered has happened, to this request; it happens once."""
        self.order = None
        if self.seen is not None:
            self.seen.fired = True

    def _note_end(self) -> None:
        """Write down what the client was told."""
        seen, record = self.seen, self.record
        if seen is None:
            return
        seen.answer = record.answer
        seen.body_bytes = 0 if record.answer else record.response_size
        seen.status = record.status if self.reply.header_forwarded else 0
        if self.client_left:
            seen.end = "left"
        elif record.end == "cut":
            seen.end = "cut"
        else:
            seen.end = "complete" if seen.status else "dropped"

    def _describe(self) -> HeldRequest:
        timer = self.bank.first()
        return HeldRequest(
            id=self._held_id,
            method=self._method,
            path=self.record.path,
            request=self.record.request,
            timer=timer.name if timer else "",
            answered=bool(self.kept_back),
        )

    def timer_to_expire(self) -> Timer:
        """The timer that would fire first; when none runs, one of the profile's own name for it."""
        running = self.bank.first()
        if running is not None:
            return running
        limited = [timer for timer in self._profile.timers if Point.CONNECTED not in timer.stops_on]
        return (limited or [Timer(name="expire", starts_on=Point.REQUEST_STARTED, stops_on=(), limit=None)])[
            0
        ]
