"""Runs the reference server in this process.

It must never leave a socket, a task or a temporary file behind, however it ends.
"""

import argparse
import asyncio
import errno
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from firstbyte.descriptors import ACCEPTS, deepen, watch
from firstbyte.reference_server.app import ProtocolFactory, create_app, shutdown
from firstbyte.reference_server.arguments import InputError, Listen, parser
from firstbyte.reference_server.config import (
    Api,
    ModelScript,
    OnClientGone,
    Seconds,
    ServerConfig,
    Turn,
)
from firstbyte.reference_server.disk import Broken, fail_stop
from firstbyte.reference_server.env import Env, real_env
from firstbyte.reference_server.handlers import UnknownHandler, handler
from firstbyte.reference_server.model_script import BadScript, read_script
from firstbyte.reference_server.store import Connect, file_connect

_BAD_INPUT: Final = 2
_MACHINE: Final = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM.

    Returns 0, or 2 after one line on stderr when the input can't be used. Exits with 3 when the disk fails.
    """
    try:
        arguments = parser().parse_args(argv)
        listen, config = arguments.listen, _config(arguments)
        _refuse_remote(listen, is_allowed=arguments.allow_remote)
        connect = _checked_connect(arguments.data)
        asyncio.run(serve(config, real_env(), listen, connect, _ready_printer(config)))
    except InputError as error:
        print(f"firstbyte serve: {error}", file=sys.stderr)  # noqa: T201 (the rim)
        return _BAD_INPUT
    return 0


async def serve(
    config: ServerConfig, env: Env, listen: Listen, connect: Connect, on_ready: Callable[[str], None]
) -> None:
    """Serves until SIGINT, SIGTERM or cancellation, and passes the URL to `on_ready` once it is listening.

    Raises InputError when the port is in use.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    watch(loop, _warn)
    app = create_app(config, env, connect)
    factory = ProtocolFactory(app, config.keep_alive)
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
        server = await loop.create_server(factory, listen.host, listen.port, backlog=ACCEPTS)
        deepen(server)
        return server
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"{where} is in use; stop what listens there or pass --listen {listen.host}:0"
            ) from None
        raise InputError(f"can't listen on {where}: {error.strerror or error}") from None


def _ready_printer(config: ServerConfig) -> Callable[[str], None]:
    def print_ready(url: str) -> None:
        line = {"ready": url, "pid": os.getpid(), "handler": config.handler, "api": config.api.value}
        print(json.dumps(line), flush=True)  # noqa: T201 (the rim)

    return print_ready


def _warn(text: str) -> None:
    print(f"firstbyte serve: warning: {text}", file=sys.stderr, flush=True)  # noqa: T201 (the rim)


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


def _broken(directory: Path | None) -> Broken:
    """Ends the process at once, as a kill does: no answer may follow what could not be stored."""

    def end(error: sqlite3.OperationalError) -> None:
        print(  # noqa: T201 (the rim)
            f"firstbyte serve: {directory or 'the temporary folder'}: can't be written any more: {error}; "
            "make room there, or name another directory with --data; what was accepted before is safe",
            file=sys.stderr,
            flush=True,
        )
        os._exit(_MACHINE)

    return end


def _checked_connect(directory: Path | None) -> Connect:
    path = directory / "firstbyte.db" if directory is not None else None
    try:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        connection = file_connect(path)()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        connection.close()
    except (OSError, sqlite3.Error) as error:
        where = f"--data {directory}" if directory is not None else "the temporary folder"
        raise InputError(f"{where}: can't be written: {error}; name another directory with --data") from None
    return file_connect(path, fail_stop(path, _broken(directory)))
