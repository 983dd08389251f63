"""Checks a scenario file against the edges and shapes it names, for `check` and before a user's file runs."""

from collections.abc import Iterator
from pathlib import Path

from firstbyte.harness.checks.scenario import scenario_complaints
from firstbyte.harness.files.loader import (
    load_profile,
    load_shape,
    load_suite,
    profile_names,
    scenarios_dir,
    shape_names,
)
from firstbyte.harness.model.scenario import ShapeOrigin, Suite
from firstbyte.harness.problems import BadInput


def suite_complaints(suite: Suite) -> Iterator[str]:
    """Every complaint about the scenarios of one file. BadInput when a file that it names can't be read."""
    edges = {name for scenario in suite.scenario for edge in scenario.edge for name in edge.split(",")}
    profiles = {*profile_names(), *filter(_is_file, edges)}
    origins = [scenario.origin for scenario in suite.scenario]
    named = [origin.shape for origin in origins if isinstance(origin, ShapeOrigin)]
    shapes = {*shape_names(), *filter(_is_file, named)}
    yield from scenario_complaints(
        suite,
        {name: load_profile(name).profile for name in sorted(profiles)},
        {name: load_shape(name) for name in sorted(shapes)},
    )


def _is_file(name: str) -> bool:
    return name.endswith(".toml")


def load_checked_suite(path: Path) -> Suite:
    """Read a scenario file; BadInput with every complaint about it.

    The tests check the files that come with firstbyte, so they are only read.
    """
    suite = load_suite(path)
    if path.resolve().parent != scenarios_dir():
        complaints = list(suite_complaints(suite))
        if complaints:
            raise BadInput("\n".join(complaints))
    return suite
