"""`make setup`: everything the other commands need, in this folder; nothing to do when nothing changed.

Runs on the machine's own Python 3.9 or newer, from a clean clone. Never fails because something is missing
that only some tests need.
"""

from __future__ import annotations

import argparse
import sys

from browser import FAILED, set_up_browser
from environment import set_up_environment
from machine import MachineLacks, one_at_a_time, say
from npm import set_up_npm
from products import set_up_products


def main() -> int:
    """Exit status 0, or 3 when the machine lacks something that nothing works without."""
    if sys.version_info < (3, 9):  # noqa: UP036 - the machine chooses which Python runs this
        say(f"{sys.executable} is older than Python 3.9; run `make setup PYTHON=/path/to/a/newer/python3`")
        return 3
    parser = argparse.ArgumentParser()
    parser.add_argument("--retry-browser", action="store_true")
    parser.add_argument("version", nargs="?", default="", help="of Python; an environment of its own")
    options = parser.parse_args()
    try:
        with one_at_a_time():
            python = set_up_environment(options.version)
            set_up_npm(python)
            if options.retry_browser:
                FAILED.unlink(missing_ok=True)
            set_up_browser(python)
            set_up_products()
    except MachineLacks as lack:
        say(str(lack))
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
