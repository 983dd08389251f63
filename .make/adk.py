"""`make adk`: the chat server of examples/adk, in a virtual environment of its own.

It is nobody's dependency, so it is in nobody's .venv. Has nothing to do when nothing changed.
"""

from __future__ import annotations

import sys

from installer import find_python, run, uv
from stamps import CACHE, ROOT, begin, fingerprint, finish, is_done, say

VENV = CACHE / "adk"
PINS = ROOT / "requirements" / "adk.txt"


def main() -> int:
    """Exit status 0, or 3 when it can't be installed."""
    stamp, key = VENV / "packages.stamp", fingerprint(PINS)
    if is_done(stamp, key):
        return 0
    say("installing the chat server of examples/adk into .cache/adk (about 70 MB)")
    program = uv()
    python = VENV / "bin" / "python"
    if run([program, "venv", "--quiet", "--clear", "--no-project", "--python", find_python(program), VENV]):
        return 3
    begin(stamp)
    if run([program, "pip", "sync", "--quiet", "--python", python, "--require-hashes", PINS]):
        return 3
    finish(stamp, key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
