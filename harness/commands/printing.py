"""Prints a command's lines. It imports nothing of ours, so that `list` and `check` start at once."""

import sys


def out(text: str, json_to: str | None = None) -> None:
    """A line on standard output, or on standard error when --json has standard output to itself."""
    (sys.stderr if json_to == "-" else sys.stdout).write(text + "\n")
