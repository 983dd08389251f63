"""What `make bench` runs: `python benchmarks/run.py [--quick] [--only NAME] [--json FILE|-] [--write-docs]`.

A launcher, so that the measurements can import each other by name.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = os.fspath(Path(__file__).resolve().parent.parent)
    raise SystemExit(import_module("benchmarks.command").main())
