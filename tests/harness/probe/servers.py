"""Origins that play a wire shape in a process of their own, for commands that run as users run them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.model.scenario_ops import scaled_shape
from firstbyte.harness.model.shape import Shape


@contextmanager
def playing(shape: Shape, folder: Path) -> Iterator[str]:
    """The address of a server that plays `shape`; it is gone afterwards."""
    file = folder / f"{shape.id}.json"
    file.write_bytes(msgspec.json.encode(shape, enc_hook=int))
    program = "import sys; from firstbyte.harness.origin.shape_main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--shape", str(file)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["ready"])
    finally:
        process.terminate()
        process.communicate(timeout=10)


def scaled(name: str, factor: float) -> Shape:
    """A shape of ours, so many times faster."""
    return scaled_shape(load_shape(name), factor)
