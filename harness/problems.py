"""Errors that users can act on. Each class has its own exit code.

A failing subject (exit code 1), bad input (2), a missing tool (3) and a bug of ours (4) never look alike.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from firstbyte.harness import redact


class Problem(Exception):
    """Base class of the errors that are shown as one message without a traceback."""

    exit_code = 4

    def __str__(self) -> str:
        """Return the message without secrets: it quotes addresses and files and ends up in CI logs."""
        return redact.text(super().__str__())


class BadInput(Problem):
    """The user's file, option or name is wrong. The message says where, why, and what to write."""

    exit_code = 2


class MissingTool(Problem):
    """This machine lacks something. The message has the command that installs it."""

    exit_code = 3


class SetupFailed(Problem):
    """Origin, edge or browser did not start or died unexpectedly, so nothing is known about the subject."""

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'limit'?"`, or a list of the known names."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is: {', '.join(names)}" if names else ""
