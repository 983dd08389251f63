"""Where a command shows its result, and the progress line while it works."""

import os
import sys

from firstbyte.harness.clock import monotonic_ns
from firstbyte.harness.report.json_out import STANDARD_OUTPUT
from firstbyte.harness.report.progress import Progress
from firstbyte.harness.report.terminal import Terminal, terminal_of


def result_terminal(json_to: str | None) -> Terminal:
    """Standard output, or standard error when --json has standard output to itself."""
    return terminal_of(sys.stderr if json_to == STANDARD_OUTPUT else sys.stdout, os.environ)


def progress_line(total: int, *, is_shown: bool = True) -> Progress:
    """Progress on standard error."""
    return Progress(
        total, terminal_of(sys.stderr, os.environ), lambda: monotonic_ns() / 1e9, is_shown=is_shown
    )
