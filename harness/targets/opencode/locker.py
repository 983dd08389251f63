"""A process that holds the write lock of the product's database, as a backup or a second instance does.

It prints a line when it has the lock, and writes to a file when it took and released it, as proof of the
fault. It must never change the database.
"""

import json
import os
import sqlite3
import sys
import threading
from pathlib import Path

from firstbyte.harness.clock import monotonic_ns

TAKEN = "taken_us"
RELEASED = "released_us"
PATIENCE_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Hold the lock. The arguments are DATABASE SECONDS FILE."""
    database, seconds, proof = arguments[0], float(arguments[1]), Path(arguments[2])
    connection = sqlite3.connect(database, timeout=PATIENCE_SECONDS, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    moments = {TAKEN: monotonic_ns() // 1_000}
    sys.stdout.write(json.dumps({"ready": "lock://127.0.0.1:0", "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    threading.Event().wait(seconds)
    connection.execute("ROLLBACK")
    connection.close()
    moments[RELEASED] = monotonic_ns() // 1_000
    proof.write_text(json.dumps(moments), encoding="utf-8")
    return 0
