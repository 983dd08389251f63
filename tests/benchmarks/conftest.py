"""`benchmarks` is a program and no package: its tests import it from the repository."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
