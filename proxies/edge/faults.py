"""What an edge was ordered to do to one answer: cut it, ask for it twice, change it.

Each comes when the origin has answered, so that what the server has done is certain. It must never do
anything to a request that was not meant, and say so only of what it did: `Seen.fired` is the proof.
"""

from mitmproxy import http
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http._events import ResponseHeaders

from firstbyte.harness.model.profile import Cause, CloseKind, Framing
from firstbyte.harness.model.timeline import Kind
from firstbyte.proxies.edge.origin_facing import OriginFacing
from firstbyte.proxies.http.mutation import mutate_by_order
from firstbyte.proxies.rules.orders import Action

UPGRADE = 101
ORDER = "order"
"""The cause of what an order did, beside those of a profile."""


class OrderedFaults(OriginFacing):
    """Everything an origin can do, with the faults that were ordered."""

    _left = 0

    def _header(self, event: ResponseHeaders) -> CommandGenerator[None]:
        return super()._header(event) if self.exchange.order is None else self._ordered_header(event)

    def _ordered_header(self, event: ResponseHeaders) -> CommandGenerator[None]:
        exchange, response = self.exchange, event.response
        match exchange.action:
            case Action.CUT_HEADER:
                timer = exchange.timer_to_expire()
                exchange.tell(Kind.HEADER_COMPLETED, status=response.status_code)
                exchange.done_as_ordered()
                yield from self._fire(timer, tie=False)
                return
            case Action.RESEND if exchange.can_be_sent_again:
                exchange.tell(Kind.HEADER_COMPLETED, status=response.status_code)
                exchange.done_as_ordered()
                yield from exchange.leave_origin(CloseKind.FIN)
                exchange.send_again(ORDER)
                return
            case Action.CUT_BODY:
                self._left = _before_the_cut(response, exchange.order.after if exchange.order else 0)
            case Action.MUTATE if response.status_code != UPGRADE:
                for what in mutate_by_order(response, exchange.record.method):
                    exchange.tell(Kind.MUTATED, what=what)
                exchange.done_as_ordered()
        yield from super()._header(event)

    def _body(self, data: bytes) -> CommandGenerator[None]:
        return self._cut_body(data) if self.exchange.action is Action.CUT_BODY else super()._body(data)

    def _cut_body(self, data: bytes) -> CommandGenerator[None]:
        going, self._left = data[: self._left], self._left - len(data)
        if going:
            yield from super()._body(going)
        if self._left < 0:
            yield from self._cut_here()

    def _end(self) -> CommandGenerator[None]:
        exchange = self.exchange
        is_chunked = exchange.reply.framing is Framing.CHUNKED
        if exchange.action is Action.CUT_BODY and exchange.record.response_size and is_chunked:
            # A body shorter than it was meant to be can still be cut before its last chunk.
            return self._cut_here()
        return super()._end()

    def _cut_here(self) -> CommandGenerator[None]:
        exchange = self.exchange
        exchange.done_as_ordered()
        exchange.expired(exchange.timer_to_expire(), tie=False)
        yield from self._cut(Cause.TIMER)


def _before_the_cut(response: http.Response, after: int) -> int:
    """Bytes that go on: fewer than there are, where the header says how many."""
    length = response.headers.get("content-length", "")
    return min(after, max(int(length) - 1, 0)) if length.isascii() and length.isdigit() else after
