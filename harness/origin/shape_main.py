"""Runs the scripted origin as a process. It reads the shape from a file and prints a line when it listens."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import msgspec

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.model.units import Duration
from firstbyte.harness.origin.shape_server import ShapeServer


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--shape", required=True, type=Path)
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    asyncio.run(_serve(decode_shape(options.shape.read_bytes()), host, int(port)))
    return 0


async def _serve(shape: Shape, host: str, port: int) -> None:
    server = ShapeServer(shape, lambda: monotonic_ns() // 1_000)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    address = await server.start(host, port)
    sys.stdout.write(json.dumps({"ready": f"http://{address[0]}:{address[1]}", "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await server.close()


def decode_shape(data: bytes) -> Shape:
    """Decode what `encode_shape` wrote. Durations are microseconds."""
    return msgspec.json.decode(data, type=Shape, dec_hook=_decode_duration)


def _decode_duration(kind: type, value: object) -> object:
    if kind is Duration and isinstance(value, int):
        return Duration(value)
    raise NotImplementedError(kind)
