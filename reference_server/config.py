"""The configuration of one server, as frozen data.

Delays are in seconds and already divided by the time scale, which only the command line knows.
"""

from enum import Enum
from typing import NewType

import msgspec

Seconds = NewType("Seconds", float)

DEFAULT_HANDLER = "no-content"
# Measured on 1.18.33, cold instance, 2026-11-22: the message was durable 1.9 s after its 204.
DEFAULT_PERSIST_DELAY = Seconds(1.9)
# Measured on 1.2.20 and 1.18.33, 2026-11-22: heartbeats at 10.0 s and 20.0 s after the stream began.
DEFAULT_HEARTBEAT = Seconds(10)


class Api(Enum):
    """The release whose JSON, headers and event order the server shows."""

    V1_2 = "1.2"
    V1_18 = "1.18"

    @property
    def version(self) -> str:
        """The exact version that the captures were taken from."""
        return {"1.2": "1.2.20", "1.18": "1.18.33"}[self.value]


class OnClientGone(Enum):
    """Whether the work continues when its client leaves before the answer. The real server continues."""

    CONTINUE = "continue"
    STOP = "stop"


class ProviderError(msgspec.Struct, frozen=True, kw_only=True):
    """The model fails after `after_tokens` tokens (0: before the first)."""

    after_tokens: int = 0
    message: str = "The model is overloaded"


class ModelHangs(msgspec.Struct, frozen=True, kw_only=True):
    """The model sends nothing more after `after_tokens` tokens, until the prompt is aborted."""

    after_tokens: int = 0


type ModelFailure = ProviderError | ModelHangs


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the scripted model: silent for `delay`, then one token every `gap`."""

    delay: Seconds = Seconds(0)
    gap: Seconds = Seconds(0)
    text: str = "Hello from the fake model."
    failure: ModelFailure | None = None


class ModelScript(msgspec.Struct, frozen=True, kw_only=True):
    """The turns in order; the last one repeats. Never empty."""

    turns: tuple[Turn, ...] = (Turn(),)

    def turn(self, number: int) -> Turn:
        """Returns the answer to prompt `number`, counted from 0."""
        return self.turns[min(number, len(self.turns) - 1)]


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `handler` answers prompt_async unless a request names another one."""

    handler: str = DEFAULT_HANDLER
    api: Api = Api.V1_2
    model: ModelScript = ModelScript()
    on_client_gone: OnClientGone = OnClientGone.CONTINUE
    persist_delay: Seconds = DEFAULT_PERSIST_DELAY
    heartbeat: Seconds = DEFAULT_HEARTBEAT
    keep_alive: Seconds = Seconds(3600)
    directory: str = "/home/user/project"

    def scaled(self, factor: float) -> "ServerConfig":
        """Returns the configuration with every delay divided by `factor`, the time scale."""
        return msgspec.structs.replace(
            self,
            model=ModelScript(turns=tuple(_scaled_turn(turn, factor) for turn in self.model.turns)),
            persist_delay=Seconds(self.persist_delay / factor),
            heartbeat=Seconds(self.heartbeat / factor),
        )


def _scaled_turn(turn: Turn, factor: float) -> Turn:
    return msgspec.structs.replace(turn, delay=Seconds(turn.delay / factor), gap=Seconds(turn.gap / factor))
