"""`python -m firstbyte.harness.targets.install NAME ...`: gets what these targets need on this machine."""

import sys

from firstbyte.harness.problems import Problem
from firstbyte.harness.targets.catalogue import find_target
from firstbyte.harness.targets.target import Installable


def main(names: list[str]) -> int:
    """Install the targets. Returns 0, or the exit code of the first failure."""
    try:
        for name in names:
            target = find_target(name)
            if isinstance(target, Installable):
                target.install()
    except Problem as problem:
        sys.stderr.write(f"firstbyte: {problem}\n")
        return problem.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
