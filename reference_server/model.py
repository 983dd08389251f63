"""The scripted model: silence, then tokens, then perhaps a failure. No network, no randomness.

Must never measure time; it only asks to be paused.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, assert_never

from firstbyte.reference_server.config import ModelFailure, ModelHangs, ProviderError, Turn

type Pause = Callable[[float], Awaitable[None]]

_TOKEN: Final = re.compile(r"\s*\S+\s*$|\s*\S+|\s+")


class ModelFailed(Exception):
    """The model broke off; the message is what the provider said."""


def tokens(text: str) -> list[str]:
    """The text in pieces, each a word with the white space before it; joined they are the text again."""
    return _TOKEN.findall(text)


async def answer(turn: Turn, pause: Pause) -> AsyncIterator[str]:
    """The turn's tokens at their times. Raises ModelFailed where the script says so."""
    if turn.delay > 0:
        await pause(turn.delay)
    pieces = tokens(turn.text)
    for number, piece in enumerate(pieces):
        await _fail_here(turn.failure, number)
        if number and turn.gap > 0:
            await pause(turn.gap)
        yield piece
    if turn.failure is not None:
        await _fail_here(turn.failure, max(turn.failure.after_tokens, len(pieces)))


async def _fail_here(failure: ModelFailure | None, sent: int) -> None:
    if failure is None or sent < failure.after_tokens:
        return
    match failure:
        case ProviderError(message=message):
            raise ModelFailed(message)
        case ModelHangs():
            await asyncio.get_running_loop().create_future()
        case _:
            assert_never(failure)
