"""The scripted model: silence, then tokens, then perhaps a failure.

It uses no network, randomness or clock. To wait, it calls the `pause` that it is given.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, assert_never

from firstbyte.reference_server.config import ModelFailure, ModelHangs, ProviderError, Turn

type Pause = Callable[[float], Awaitable[None]]

_TOKEN: Final = re.compile(r"\s*\S+\s*$|\s*\S+|\s+")


class ModelFailed(Exception):
    """The model failed. The message is that of the provider."""


def tokens(text: str) -> list[str]:
    """Splits the text into words, each with the white space before it. Joined, they are the text again."""
    return _TOKEN.findall(text)


async def answer(turn: Turn, pause: Pause) -> AsyncIterator[str]:
    """Yields the turn's tokens at their times. Raises ModelFailed where the script says so."""
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
