"""The options of `firstbyte demo`."""

import argparse

from firstbyte.harness.commands.options.shared import CommandOptions, positive
from firstbyte.harness.model.units import BadDuration, parse_duration
from firstbyte.reference_server.handlers import handler_ids


class DemoOptions(CommandOptions, frozen=True, kw_only=True):
    """model_delay: a duration as text, for the server's own option."""

    open: bool
    edge: str
    handler: str
    model_delay: str
    time_scale: float


def add(parser: argparse.ArgumentParser) -> type[DemoOptions]:
    """Its options."""
    parser.add_argument("--open", action="store_true", help="open both pages in the browser")
    parser.add_argument("--edge", default="cloudflare-100", metavar="NAME", help="default: cloudflare-100")
    parser.add_argument(
        "--handler",
        default="stream-withheld",
        choices=handler_ids(),
        metavar="NAME",
        help="default: stream-withheld",
    )
    parser.add_argument(
        "--model-delay", type=_duration, default="130s", metavar="DURATION", help="default: 130s"
    )
    parser.add_argument(
        "--time-scale", type=positive, default=20.0, metavar="N", help="divide every time by N (default: 20)"
    )
    return DemoOptions


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
