"""How a command says a line. Loads nothing: `list` and `check` are there before anybody notices."""

import sys


def out(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")
