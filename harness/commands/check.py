"""`firstbyte check`: every profile, shape and scenario is read and held against the others."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firstbyte.harness.clock import today
from firstbyte.harness.commands.printing import out
from firstbyte.harness.loader import (
    decode,
    load_profile,
    load_shape,
    load_suite,
    profile_from,
    profile_names,
    profiles_dir,
    read_toml,
    scenarios_dir,
    shape_names,
)
from firstbyte.harness.problems import BadInput
from firstbyte.harness.profile_check import evidence_complaints
from firstbyte.harness.profile_ops import complaints
from firstbyte.harness.scenario import Suite
from firstbyte.harness.scenario_check import scenario_complaints
from firstbyte.harness.wire import Shape


def add(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "path", nargs="*", type=Path, help="TOML files or folders (default: all that comes with firstbyte)"
    )


def run(options: argparse.Namespace) -> int:
    """Print every complaint; 2 when there is one."""
    files = _files(options.path or [profiles_dir(), scenarios_dir()])
    found = 0
    for path in files:
        for complaint in _check(path):
            sys.stderr.write(f"{complaint}\n")
            found += 1
    out(f"{len(files)} files checked, {found} complaint{'' if found == 1 else 's'}")
    return 2 if found else 0


def _files(paths: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.rglob("*.toml"))
        elif path.exists():
            files.append(path)
        else:
            raise BadInput(f"{path}: there is no such file or folder")
    return files


def _check(path: Path) -> Iterator[str]:
    try:
        raw = read_toml(path)
        if "timers" in raw or "answers" in raw:
            yield from _check_profile(raw, path)
        elif "steps" in raw:
            decode(raw, Shape, path)
        elif "scenario" in raw:
            yield from _check_suite(load_suite(path))
        else:
            yield f"{path}: is no profile (timers), shape (steps) or scenario file (scenario)"
    except BadInput as error:
        yield str(error)


def _check_profile(raw: dict[str, Any], path: Path) -> Iterator[str]:
    loaded = profile_from(raw, path)
    for complaint in complaints(loaded.profile):
        yield f"{path}: {complaint}"
    yield from evidence_complaints(loaded, today())


def _check_suite(suite: Suite) -> Iterator[str]:
    profiles = {name: load_profile(name).profile for name in profile_names()}
    shapes = {name: load_shape(name) for name in shape_names()}
    yield from scenario_complaints(suite, profiles, shapes)
