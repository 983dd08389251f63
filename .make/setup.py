"""`make setup`: everything the other commands need, in this folder; nothing to do when nothing changed.

Runs on the machine's own Python 3.9 or newer, from a clean clone. Never fails for want of something that only
some tests need.
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser import FAILED, set_up_browser
from installer import run, set_up_packages
from products import set_up_products
from sdk import set_up_sdk
from stamps import PYTHON, ROOT, VENV, MachineLacks, begin, fingerprint, finish, is_done, one_at_a_time, say
from targets import set_up_targets

HERE = Path(__file__).resolve().parent


def set_up_project() -> None:
    """firstbyte itself, in development form."""
    stamp = VENV / "project.stamp"
    plugin = ROOT / "harness" / "pytest_plugin.py"
    sources = (ROOT / "pyproject.toml", *sorted((ROOT / ".package").iterdir()), HERE / "project.py")
    key = fingerprint(*sources, str(VENV), str(plugin.exists()))
    if is_done(stamp, key):
        return
    begin(stamp)
    say("linking firstbyte into .venv")
    if run([PYTHON, HERE / "project.py"]):
        raise MachineLacks("firstbyte could not be put into .venv; the message is above")
    finish(stamp, key)


def main(arguments: list[str]) -> int:
    """Exit status 0, or 3 when the machine lacks something that nothing works without."""
    if sys.version_info < (3, 9):  # noqa: UP036 - the machine chooses which Python runs this
        say(f"{sys.executable} is older than Python 3.9; run `make setup PYTHON=/path/to/a/newer/python3`")
        return 3
    try:
        with one_at_a_time():
            set_up_packages()
            set_up_project()
            set_up_sdk()
            set_up_targets()
            if "--retry-browser" in arguments:
                FAILED.unlink(missing_ok=True)
            set_up_browser()
            set_up_products()
    except MachineLacks as lack:
        say(str(lack))
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
