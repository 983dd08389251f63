"""`python -m firstbyte.harness.targets.hono.record [NAME ...]`: refreshes the recorded transcripts.

Needs the runtimes (`make setup`) and a quiet machine: before and after are half a second apart.
"""

import asyncio
import sys

import msgspec

from firstbyte.harness.clock import today
from firstbyte.harness.problems import Problem
from firstbyte.harness.targets.hono.recording import (
    handlers_on,
    load_recording,
    path_of,
    record,
    shape_ids,
)
from firstbyte.harness.targets.hono.runtime import RUNTIMES
from firstbyte.harness.targets.hono.table import PAGE, put_into, table


def main(names: list[str]) -> int:
    """Record the named targets, or all if none is named."""
    try:
        for runtime in RUNTIMES:
            if names and runtime.name not in names:
                continue
            recording = asyncio.run(record(runtime, shape_ids(), handlers_on(runtime), today().isoformat()))
            text = msgspec.json.format(msgspec.json.encode(recording), indent=1)
            path_of(runtime.name).write_bytes(text + b"\n")
            counts = f"{len(recording.shapes)} shapes, {len(recording.handlers)} handlers"
            sys.stderr.write(f"{path_of(runtime.name)}: {counts}\n")
        if PAGE.exists():
            recordings = [load_recording(runtime.name) for runtime in RUNTIMES]
            PAGE.write_text(put_into(PAGE.read_text("utf-8"), table(recordings)), "utf-8")
    except Problem as problem:
        sys.stderr.write(f"firstbyte: {problem}\n")
        return problem.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
