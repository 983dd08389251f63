"""The command line of the reference server, and serving in this process.

Must never leave a socket, a task or a temporary directory behind.
"""

import argparse
import asyncio
import errno
import ipaddress
import json
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from firstbyte.reference_server.app import create_app, protocol_factory, shutdown
from firstbyte.reference_server.config import (
    DEFAULT_HANDLER,
    Api,
    ModelScript,
    OnClientGone,
    Seconds,
    ServerConfig,
    Turn,
)
from firstbyte.reference_server.durations import duration
from firstbyte.reference_server.env import Env, real_env
from firstbyte.reference_server.handlers import UnknownHandler, handler, handler_ids
from firstbyte.reference_server.model_script import BadScript, read_script
from firstbyte.reference_server.store import Connect, file_connect

# mitmproxy-sized edges open thousands of connections at once; 100 would drop SYNs.
_BACKLOG: Final = 4096
_BAD_INPUT: Final = 2


class InputError(Exception):
    """Something the user gave can't be used; the message says what, and what to give instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
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
        """The address to connect to."""
        return f"http://[{self.host}]:{port}" if ":" in self.host else f"http://{self.host}:{port}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM.

    Returns 0, or 2 with one line on stderr when the input can't be used.
    """
    try:
        arguments = _parser().parse_args(argv)
        listen, config = arguments.listen, _config(arguments)
        _refuse_remote(listen, is_allowed=arguments.allow_remote)
        with _data_directory(arguments.data) as directory:
            connect = _checked_connect(Path(directory))
            asyncio.run(serve(config, real_env(), listen, connect, _say_ready(config)))
    except InputError as error:
        print(f"firstbyte serve: {error}", file=sys.stderr)  # noqa: T201 (the rim)
        return _BAD_INPUT
    return 0


async def serve(
    config: ServerConfig, env: Env, listen: Listen, connect: Connect, on_ready: Callable[[str], None]
) -> None:
    """Serves until SIGINT, SIGTERM or cancellation; `on_ready` gets the URL.

    Raises InputError for a busy port.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    app = create_app(config, env, connect)
    factory = protocol_factory(app, config.keep_alive)
    try:
        server = await _listen(loop, factory, listen)
        on_ready(listen.url(server.sockets[0].getsockname()[1]))
        await stopping.wait()
        server.close()
    finally:
        shutdown(app)
        factory.shutdown()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _listen(
    loop: asyncio.AbstractEventLoop, factory: Callable[[], asyncio.Protocol], listen: Listen
) -> asyncio.Server:
    try:
        return await loop.create_server(factory, listen.host, listen.port, backlog=_BACKLOG)
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"{where} is in use; stop what listens there or pass --listen {listen.host}:0"
            ) from None
        raise InputError(f"can't listen on {where}: {error.strerror or error}") from None


def _say_ready(config: ServerConfig) -> Callable[[str], None]:
    def say(url: str) -> None:
        line = {"ready": url, "pid": os.getpid(), "handler": config.handler, "api": config.api.value}
        print(json.dumps(line), flush=True)  # noqa: T201 (the rim)

    return say


def _config(arguments: argparse.Namespace) -> ServerConfig:
    try:
        handler(arguments.handler)
        script = _script(arguments)
    except (UnknownHandler, BadScript) as error:
        raise InputError(str(error)) from None
    config = ServerConfig(
        handler=arguments.handler,
        api=Api(arguments.api),
        model=script,
        on_client_gone=OnClientGone(arguments.on_client_gone),
        persist_delay=arguments.persist_delay,
        heartbeat=arguments.heartbeat,
        directory=arguments.directory,
    )
    return config.scaled(arguments.time_scale)


def _script(arguments: argparse.Namespace) -> ModelScript:
    if arguments.model_script is None:
        return ModelScript(turns=(Turn(delay=arguments.model_delay or Seconds(0)),))
    if arguments.model_delay is not None:
        raise InputError(
            '--model-delay and --model-script exclude each other; write delay = "..." in the script'
        )
    return read_script(arguments.model_script)


def _refuse_remote(listen: Listen, *, is_allowed: bool) -> None:
    if listen.is_loopback or is_allowed:
        return
    raise InputError(
        f"{listen.host} can be reached from other machines, and this server asks nobody who they are: "
        "anyone there could read and send every message. Add --allow-remote if that is meant"
    )


def _data_directory(given: Path | None) -> AbstractContextManager[str]:
    if given is None:
        return tempfile.TemporaryDirectory(prefix="firstbyte-", ignore_cleanup_errors=True)
    return nullcontext(str(given))


def _checked_connect(directory: Path) -> Connect:
    connect = file_connect(directory / "firstbyte.db")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        connection = connect()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        connection.close()
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"--data {directory}: can't be written: {error}; name another directory") from None
    return connect


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="firstbyte serve", description="A session server that answers prompts the way you choose."
    )
    add = parser.add_argument
    add(
        "--listen", type=_listen_address, default=Listen(), metavar="HOST:PORT", help="default 127.0.0.1:4096"
    )
    add("--handler", default=DEFAULT_HANDLER, metavar="NAME", help=f"one of {', '.join(handler_ids())}")
    add(
        "--api", choices=[api.value for api in Api], default=Api.V1_2.value, help="whose JSON and event order"
    )
    add(
        "--model-delay",
        type=_duration,
        metavar="DURATION",
        help="silence before the first token, such as 130s",
    )
    add("--model-script", type=Path, metavar="FILE", help="TOML with the model's turns")
    add("--data", type=Path, metavar="DIR", help="where to keep the database; default: removed at the end")
    add(
        "--persist-delay",
        type=_duration,
        default=ServerConfig().persist_delay,
        metavar="DURATION",
        help="for ack-before-persist",
    )
    add(
        "--heartbeat",
        type=_duration,
        default=ServerConfig().heartbeat,
        metavar="DURATION",
        help="default 10s",
    )
    add(
        "--on-client-gone",
        choices=[choice.value for choice in OnClientGone],
        default="continue",
        help="the work may stop",
    )
    add(
        "--directory",
        default=ServerConfig().directory,
        metavar="PATH",
        help="the project directory to report",
    )
    add("--time-scale", type=_scale, default=1.0, metavar="N", help="divide every delay by N")
    add(
        "--allow-remote",
        action="store_true",
        help="allow an address that other machines can reach; there is no login",
    )
    return parser


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
