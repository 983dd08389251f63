"""The command line of the reference server: its options and how their values are parsed."""

import argparse
import ipaddress
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from firstbyte.address import host_port
from firstbyte.reference_server.config import DEFAULT_HANDLER, Api, OnClientGone, Seconds, ServerConfig
from firstbyte.reference_server.durations import duration
from firstbyte.reference_server.handlers import handler_ids

_DEFAULTS: Final = ServerConfig()


class InputError(Exception):
    """An option can't be used. The message says which one and what to give instead."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. Port 0 lets the system choose one."""

    host: str = "127.0.0.1"
    port: int = 4096

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def url(self, port: int) -> str:
        """Returns the URL to connect to on `port`."""
        return f"http://{host_port(self.host, port)}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def parser() -> argparse.ArgumentParser:
    """Returns the parser. Parsing raises InputError, or SystemExit for --help."""
    about = "A session server that answers prompts the way you choose."
    made = _Parser(prog="firstbyte serve", description=about)
    _add_place(made.add_argument_group("where"))
    _add_behaviour(made.add_argument_group("how it answers"))
    return made


def _add_place(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--listen",
        type=_listen_address,
        default=Listen(),
        metavar="HOST:PORT",
        help="default 127.0.0.1:4096",
    )
    add("--allow-remote", action="store_true", help="allow an address others can reach; there is no login")
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="where to keep the database; default: nowhere, gone at the end",
    )
    add("--directory", default=_DEFAULTS.directory, metavar="PATH", help="the project directory to report")


def _add_behaviour(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--handler", default=DEFAULT_HANDLER, metavar="NAME", help=f"one of {', '.join(handler_ids())}")
    add(
        "--api", choices=[api.value for api in Api], default=_DEFAULTS.api.value, help="whose JSON and events"
    )
    add("--model-delay", type=_duration, metavar="TIME", help="silence before the first token: 130s")
    add("--model-script", type=Path, metavar="FILE", help="TOML with the model's turns")
    _add_delay(group, "--persist-delay", _DEFAULTS.persist_delay, "for ack-before-persist")
    _add_delay(
        group, "--heartbeat", _DEFAULTS.heartbeat, "of event streams and of the handlers that have one"
    )
    choices = [choice.value for choice in OnClientGone]
    add("--on-client-gone", choices=choices, default=choices[0], help="whether the work goes on then")
    add("--time-scale", type=_scale, default=1.0, metavar="N", help="divide every delay by N")


def _add_delay(group: argparse._ArgumentGroup, name: str, default: Seconds, about: str) -> None:
    help_ = f"{about}; default {default:g}s"
    group.add_argument(name, type=_duration, default=default, metavar="TIME", help=help_)


def _listen_address(text: str) -> Listen:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT, such as 127.0.0.1:4096")
    return Listen(host=host.removeprefix("[").removesuffix("]"), port=int(port))


def _duration(text: str) -> Seconds:
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0, such as 50")
    return scale
