"""Errors people can act on: who, what, where, what next. Each carries the exit code of its kind.

They exist so that a failing subject (exit 1), bad input (2), a missing tool (3) and a bug of ours (4) never
look alike.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from firstbyte.harness import redact


class Problem(Exception):
    """Base of all errors that are shown as one message without a traceback."""

    exit_code = 4

    def __str__(self) -> str:
        """The message without secrets: it quotes addresses and files, and ends in terminals and CI logs."""
        return redact.text(super().__str__())


class BadInput(Problem):
    """The user's file, option or name is wrong. The message names file and key, the reason and the cure."""

    exit_code = 2


class MissingTool(Problem):
    """This machine lacks something. The message holds the command that installs it."""

    exit_code = 3


class SetupFailed(Problem):
    """Origin, edge or browser did not start or died where it should not: nothing is known about the
    subject.
    """

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'limit'?"` or the list of what there is."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is: {', '.join(names)}" if names else ""
