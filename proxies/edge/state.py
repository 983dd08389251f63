"""The states of an exchange, and the table of what may follow what.

One table that a reader sees at once, after the example of h11's `_state.py`. `Exchange` raises when it is
about to make a step that is not here: such a step is a bug of the edge, whatever client and origin did.
"""

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    """Where an exchange stands. The value is what its repr says."""

    NEW = "new"
    READING = "reading the request"  # the origin has not been asked for a connection
    CONNECTING = "connecting"
    WAITING = "waiting for the header"  # connected; interim responses may come and go
    HELD = "holding the answer back"  # by an order: the origin's answer is here and waits
    PAUSED = "waiting to send again"  # between two attempts
    FORWARDING = "forwarding the answer"  # the origin's header is here
    UPLOADING = "waiting for the rest of the request"  # the origin is given up, the edge will answer
    TUNNEL = "tunnel"  # after a 101
    OVER = "over"

    # An enum's own hash is a Python function; members are singletons, so their identity does.
    __hash__ = object.__hash__


FOLLOWS: Mapping[State, frozenset[State]] = {
    State.NEW: frozenset({State.READING}),
    # Nothing has gone to the origin yet, so there is nothing to send again.
    State.READING: frozenset({State.CONNECTING, State.UPLOADING, State.OVER}),
    State.CONNECTING: frozenset({State.WAITING, State.PAUSED, State.UPLOADING, State.OVER}),
    State.WAITING: frozenset({State.HELD, State.FORWARDING, State.PAUSED, State.UPLOADING, State.OVER}),
    # Released, the answer is taken as if it had come just now.
    State.HELD: frozenset({State.WAITING, State.PAUSED, State.UPLOADING, State.OVER}),
    # A timer of the whole request runs on during the pause, and may itself be a reason to send again.
    State.PAUSED: frozenset({State.CONNECTING, State.PAUSED, State.UPLOADING, State.OVER}),
    # Back to an earlier state only while the client has nothing of the answer: the profile or an addon
    # holds it.
    State.FORWARDING: frozenset({State.TUNNEL, State.PAUSED, State.UPLOADING, State.OVER}),
    # Another timer that waits for the end of the request may change which answer is given.
    State.UPLOADING: frozenset({State.UPLOADING, State.OVER}),
    State.TUNNEL: frozenset({State.OVER}),
    State.OVER: frozenset(),
}
