"""What several commands share in their options: the base struct, types of values, whole options."""

import argparse
from pathlib import Path
from typing import Self

import msgspec

from firstbyte.harness.files.setting import HELP
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration


class CommandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one command, named as argparse names them."""

    command: str

    @classmethod
    def read(cls, parsed: argparse.Namespace) -> Self:
        """The one place where argparse's untyped namespace is read."""
        return msgspec.convert(vars(parsed), cls)


def add_set(parser: argparse.ArgumentParser) -> None:
    """--set."""
    parser.add_argument("--set", action="append", default=[], metavar="[HOP:]KEY=VALUE", help=HELP)


def add_html(parser: argparse.ArgumentParser) -> None:
    """--html."""
    parser.add_argument(
        "--html",
        type=Path,
        metavar="DIR",
        help="write the results as a page, DIR/index.html, that needs no network",
    )


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def count(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def duration(text: str) -> Duration:
    """A length of time above 0."""
    try:
        value = parse_duration(text)
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time to wait; write '150s'")
    return value
